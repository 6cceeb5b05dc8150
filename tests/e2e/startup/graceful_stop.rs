//! A graceful stop: what is under way ends well, nothing new begins, and nothing stays behind.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::gate::gated;
use rjk_testbed::httpd::Mpm;
use rjk_testbed::{Plan, Result, Subject, process, wait};
use rustix::process::Signal;
use std::net::TcpStream;

#[test]
fn requests_under_way_end_well_on_every_mpm() -> Result {
    for mpm in Mpm::ALL {
        let mut farm = Plan::new(Subject::Rjk, &["m1"]).mpm(mpm).start()?;
        let (gate, script) = gated();
        farm.peer("m1")?.set(script);
        let mut get = Client::connect(farm.httpd.port())?;
        get.raw(&Request::get("/hold").head_bytes())?;
        let mut post = Client::connect(farm.httpd.port())?;
        let upload = Request::new("POST", "/hold").header("Content-Length", "100000");
        post.raw(&upload.head_bytes())?;
        post.raw(&[b'x'; 50_000])?;
        farm.peer("m1")?.wait_requests(2)?;
        let (pid, address) = (farm.httpd.pid(), farm.httpd.address());
        let shm = farm.httpd.path(&format!("run/jk.shm.{pid}"));
        assert!(shm.exists(), "{mpm:?}");
        process::signal(pid, Signal::WINCH)?;
        wait::until("nothing new is taken", wait::SOON, || {
            TcpStream::connect(address).is_err()
        })?;
        gate.open();
        post.raw(&[b'x'; 50_000])?;
        assert_eq!(get.response("GET")?.status, 200, "{mpm:?}");
        let answer = post.response("POST")?;
        assert_eq!(answer.field("body").as_deref(), Some("100000"), "{mpm:?}");
        wait::until("httpd ended", wait::SOON, || !farm.httpd.is_running())?;
        assert!(!shm.exists(), "{mpm:?}");
        wait::until("its connections ended", wait::SOON, || {
            farm.peer("m1")
                .is_ok_and(|peer| peer.open_connections() == 0)
        })?;
    }
    Ok(())
}
