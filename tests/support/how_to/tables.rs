//! What is done with the commands that cannot be run as they stand on the page.

/// Commands that are not run in the lab.
#[derive(Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Their first words.
    pub begins: &'static str,
    /// Why.
    pub why: &'static str,
}

/// A command within a sentence, with what it leaves open.
#[derive(Debug)]
pub struct Spoken {
    /// What the page says.
    pub says: &'static str,
    /// Where it is run.
    pub host: &'static str,
    /// What is run.
    pub run: &'static str,
}

const PACKAGES: &str =
    "installs packages on the machine; make test-packages does so in a root of its own";
const SELINUX: &str = "SELinux is in the kernel of RHEL; make test-packages compiles the policy";
const FIREWALLD: &str = "firewalld is RHEL's; the lab has the same rules by nftables";
const DEBIANS: &str = "Debian's package apache2 has it, which starts a server on the machine; make test-packages has its own";
const MAKE: &str = "it is what builds or plays, not what is played";
const TLS: &str = "no Tomcat of this page speaks TLS";
const JDK: &str = "the was hosts have a JRE, as the page says; a JDK has it";
const POLICY: &str = "a policy is needed, and a compiler for it; the tests of rjk policy have both";

/// Those that are not run: their first words, and why.
pub const ELSEWHERE: [Elsewhere; 14] = [
    elsewhere("dnf install", PACKAGES),
    elsewhere("apt-get install", PACKAGES),
    elsewhere("a2dismod", DEBIANS),
    elsewhere("a2enmod", DEBIANS),
    elsewhere("setsebool", SELINUX),
    elsewhere("semanage", SELINUX),
    elsewhere("semodule", SELINUX),
    elsewhere("restorecon", SELINUX),
    elsewhere("update-crypto-policies", SELINUX),
    elsewhere("firewall-cmd", FIREWALLD),
    elsewhere("make", MAKE),
    elsewhere("openssl s_client", TLS),
    elsewhere("jcmd", JDK),
    elsewhere("rjk policy", POLICY),
];

const fn elsewhere(begins: &'static str, why: &'static str) -> Elsewhere {
    Elsewhere { begins, why }
}

/// Those that leave something open, or stand in a sentence: what is run for them.
pub const SPOKEN: [Spoken; 22] = [
    spoken("openssl rand -hex 24", "was-01", "openssl rand -hex 24"),
    spoken(
        "chmod 640",
        "web-02",
        "chmod 640 /etc/httpd/conf/workers.properties /etc/httpd/conf/rjk.toml",
    ),
    spoken(
        "rjk check --tomcat server.xml",
        "web-02",
        "rjk check /etc/httpd/conf/httpd.conf --tomcat /run/lab/was-01/usr/local/tomcat/a-was/conf/server.xml",
    ),
    spoken(
        "rjk check --tomcat CATALINA_BASE",
        "web-02",
        "rjk check /etc/httpd/conf/httpd.conf --tomcat /run/lab/was-02/usr/local/tomcat/a-was",
    ),
    spoken(
        "ip maddr",
        "was-01",
        "ip maddr show dev eth0 | grep -F 228.0.0.4",
    ),
    spoken(
        "rjk top",
        "web-01",
        "rjk top --once http://172.16.3.1/jk-status http://172.16.3.2/jk-status",
    ),
    spoken("systemctl reload httpd", "web-02", "systemctl reload httpd"),
    spoken(
        "rjk check",
        "web-02",
        "rjk check /etc/httpd/conf/httpd.conf",
    ),
    spoken(
        "rjk check /etc/httpd/conf/httpd.conf",
        "web-02",
        "rjk check /etc/httpd/conf/httpd.conf",
    ),
    spoken("httpd -t", "web-02", "httpd -t"),
    spoken("apachectl configtest", "web-02", "apachectl configtest"),
    spoken(
        "rjk status http://www1/jkstatus",
        "web-02",
        "rjk status http://172.16.3.1/jk-status",
    ),
    spoken(
        "rjk status",
        "web-02",
        "rjk status http://172.16.3.1/jk-status http://172.16.3.2/jk-status",
    ),
    spoken(
        "rjk status URL",
        "web-02",
        "rjk status http://172.16.3.2/jk-status",
    ),
    spoken(
        "rjk explain URL /etc/httpd/conf/httpd.conf",
        "web-02",
        "rjk explain http://site-a.example.com/page /etc/httpd/conf/httpd.conf",
    ),
    spoken(
        "rjk reset URL LB WORKER",
        "web-02",
        "rjk reset http://172.16.3.2/jk-status site-a a-was1",
    ),
    spoken("rjk ping", "web-02", "rjk ping -c 1 172.16.2.1:8109"),
    spoken(
        "rjk ping HOST:PORT",
        "web-02",
        "rjk ping -c 1 172.16.2.2:8009",
    ),
    spoken(
        "rjk ping http://HOST:PORT/",
        "web-02",
        "rjk ping -c 1 http://172.16.3.1:80/static/",
    ),
    spoken(
        "rjk get --secret-file FILE ajp://HOST:PORT/path",
        "web-02",
        "rjk get --secret-file a.secret ajp://172.16.2.2:8009/",
    ),
    spoken(
        "grep -F '[error]'",
        "web-02",
        "grep -F '[error]' /var/log/httpd/mod_jk.log.* || [ $? = 1 ]",
    ),
    spoken(
        "kill -QUIT PID",
        "was-01",
        "kill -QUIT $(pgrep -f '[r]jk.node=a-was1') && sleep 1 && grep 'Full thread dump' /usr/local/tomcat/a-was/logs/catalina.out",
    ),
];

const fn spoken(says: &'static str, host: &'static str, run: &'static str) -> Spoken {
    Spoken { says, host, run }
}
