//! The grammar of workers.properties, as a backend sees it: each worker sends its `secret`.

use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Httpd, Peer, Result, Subject, client};

/// Lines of workers.properties; each line of a worker `wN` makes the secret of `EXPECTED[N]`.
const FILE: &str = "\
variable = from the file   # not this
variable2=$(variable)!
  worker.w0.secret   =   blanks in between \t  # a comment
worker.w1.secret=$(variable)
worker.w2.secret=$(RJK_TEST_SECRET)
worker.w3.secret=$(undefined)
worker.w4.secret=$(ServerRoot)
worker.w5.secret=first
worker.w5.secret=second
worker.w6.secret=$(variable2)
worker.w7.secret=$(twice)
worker.w7.secret=
worker.W7.secret=another worker
worker.w8.reference=worker.template
worker.w9.reference=worker.template
worker.w9.secret=its own
worker.template.reference=worker.root
worker.root.secret=inherited
worker.w10.secret=$(from_httpd)
worker.w11.secret=from the file
";

/// Row and secret of each worker.
const EXPECTED: &[(&str, &str)] = &[
    ("P-02 P-03", "blanks in between"),
    ("P-06", "from the file"),
    ("P-06", "from the environment"),
    ("P-06", "$(undefined)"),
    ("P-06 P-16", "@ROOT@"),
    ("P-07", "second"),
    ("P-06", "from the file!"),
    ("P-03 P-05 P-06", "$(variable) is not looked at again"),
    ("P-14", "inherited"),
    ("P-14", "its own"),
    ("P-16", "from httpd.conf"),
    ("P-07 P-16", "from the file"),
    ("D-02", "a#b"),
    ("D-02", "$(ServerRoot)"),
];

/// P-16: they are read before the file.
const DIRECTIVES: &str = "\
JkWorkerProperty from_httpd=from httpd.conf
JkWorkerProperty twice=$(variable) is not looked at again
JkWorkerProperty worker.w11.secret=from httpd.conf
JkWorkerProperty worker.w12.secret=a#b
JkWorkerProperty worker.w13.secret=$(ServerRoot)
JkWorkerProperty worker.list=w12
";

#[test]
fn p_rows_and_d02_as_the_backend_sees_them() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let mut workers = FILE.to_owned();
    let mut mounts = String::new();
    for index in 0..EXPECTED.len() {
        // P-08, P-12: the list is joined from many lines.
        workers += &format!(
            "worker.list=w{index},\t\n{}",
            peer.worker(&format!("w{index}"))
        );
        mounts += &format!("JkMount /{index} w{index}\n");
    }
    for subject in Subject::BOTH {
        let httpd = Httpd::builder(subject)
            .workers(workers.as_str())
            .env("RJK_TEST_SECRET", "from the environment")
            .directives(DIRECTIVES)
            .directives(&mounts)
            .start()?;
        let root = httpd.root().to_string_lossy().into_owned();
        for (index, (row, secret)) in EXPECTED.iter().enumerate() {
            let answer = client::get(httpd.port(), &format!("/{index}"))?;
            assert_eq!(answer.status, 200, "{subject:?} {row} w{index}");
            let request = peer.requests().pop();
            let sent = request
                .as_ref()
                .and_then(|request| request.attribute("secret"));
            let wanted = secret.replace("@ROOT@", &root);
            assert_eq!(sent, Some(wanted.as_str()), "{subject:?} {row} w{index}");
        }
        httpd.assert_clean();
    }
    Ok(())
}
