//! A httpd.conf of before UTF-8: arguments are bytes.

use rjk_testbed::client::{self, Request};
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Httpd, Peer, Result, Subject, both};

/// The byte FC is a letter of Latin-1.
const CONF: &[u8] = b"\
JkWorkerProperty worker.b\xfcro.reference=worker.w
JkWorkerProperty worker.list=w,b\xfcro
JkWorkerProperty worker.b\xfcro.secret=gr\xfcn
JkMount /b\xfcro/* w
JkUnMount /b\xfcro/x w
JkMount /worker/* b\xfcro
<Location /h\xf6fe>
  JkMount w
</Location>
JkEnvVar RJK_SAYS gr\xfc\xdfe
JkLogStampFormat \"%Y-M\xe4rz \"
";

both! { d02_d05_d06_d37_arguments_in_latin_1 }

fn d02_d05_d06_d37_arguments_in_latin_1(subject: Subject) -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = Httpd::builder(subject)
        .workers(peer.worker("w"))
        .file("conf/latin-1.conf", CONF)
        .directives("Include conf/latin-1.conf")
        .log_level("info")
        .start()?;
    let get = |path: &str| client::send(httpd.port(), Request::get(path));
    for (path, status) in [
        ("/b%FCro/y", 200),
        ("/b%FCro/x", 404),
        ("/b%C3%BCro/y", 404),
        ("/h%F6fe", 200),
        ("/worker/x", 200),
    ] {
        assert_eq!(get(path)?.status, status, "{path}");
    }
    let last = peer.requests().pop();
    let bytes = |name: &str| {
        last.as_ref()
            .and_then(|request| request.attribute(name).map(str::to_owned))
    };
    assert_eq!(bytes("secret").as_deref(), Some("gr\u{fc}n"));
    assert_eq!(bytes("RJK_SAYS").as_deref(), Some("gr\u{fc}\u{df}e"));
    Ok(())
}
