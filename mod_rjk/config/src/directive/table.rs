//! The table of the directives.

use super::{Arguments, Context, Directive, Name};
use crate::server::Indicator;

macro_rules! directives {
    ($($text:literal $arguments:ident $context:ident $name:expr, $help:literal, $syntax:literal, $default:literal, $manual:literal;)+) => {
        &[$(Directive {
            text: $text,
            name: $name,
            arguments: Arguments::$arguments,
            context: Context::$context,
            help: $help,
            syntax: $syntax,
            default: $default,
            manual: $manual,
        }),+]
    };
}

/// All of them: text, arguments, where it may stand, name, help, syntax, default, manual.
pub static ALL: &[Directive] = directives! {
    c"JkWorkersFile" One Global Name::WorkersFile, c"the file that describes the workers",
        "FILE", "",
        "The workers, a file in the form of workers.properties, relative to ServerRoot. It must exist. Without it and without JkWorkerProperty there is one worker, ajp13, at localhost:8009.";
    c"JkWorkerProperty" Raw Global Name::WorkerProperty, c"one line of a workers file",
        "NAME=VALUE", "",
        "One line of a workers file. These lines are read before the file that JkWorkersFile names.";
    c"JkMountFile" One Server Name::MountFile, c"a file of mount rules",
        "FILE", "",
        "Mount rules, a file in the form of uriworkermap.properties, relative to ServerRoot. It must exist at the start. It is read again when it changes, see JkMountFileReload.";
    c"JkMountFileReload" One Server Name::MountFileReload, c"seconds between checks of the mount file",
        "SECONDS", "60",
        "How often each child looks whether the mount file changed; 0 is never. A changed file counts once it was left alone for two seconds; one that is broken leaves the old rules in force.";
    c"JkMount" OneOrTwo Section Name::Mount, c"a path and the worker that serves it",
        "PATH WORKER[;EXTENSION=VALUE...]", "",
        "Requests whose path matches are served by the worker. The path begins with /; * and ? are wildcards, and PATH|/* means the path itself and all below. Inside of <Location> the worker stands alone, and the path is the section's as it is written. A path mounted twice in one server: the last one wins.";
    c"JkUnMount" OneOrTwo Section Name::UnMount, c"a path and the worker that does not serve it",
        "PATH WORKER", "",
        "An exception to JkMount: requests whose path matches are not served by the worker. The worker * means all of them.";
    c"JkMountCopy" One Server Name::MountCopy, c"On, Off or All: copy the main server's mounts",
        "On|Off|All", "Off",
        "On: the virtual host also has the main server's mounts, and its mount file and alias folder if it has none of its own. All, in the main server: each virtual host that does not say otherwise has them.";
    c"JkAutoAlias" One Server Name::AutoAlias, c"a folder of web applications with static files",
        "FOLDER", "",
        "Tomcat's folder of applications, an absolute path: httpd serves the files in it, except WEB-INF and META-INF, where no mount matches.";
    c"JkStripSession" OneOrTwo Server Name::StripSession, c"On or Off, and a path parameter",
        "On|Off [NAME]", "Off ;jsessionid",
        "Takes the session out of the paths of requests that are not forwarded, so that httpd finds its files.";
    c"JkLogFile" One Server Name::LogFile, c"the module's log, a file or |program",
        "FILE or |PROGRAM", "logs/mod_jk.log",
        "The module's log, relative to ServerRoot, or a program that reads it, such as \"|/usr/bin/rotatelogs ...\".";
    c"JkLogLevel" One Server Name::LogLevel, c"trace, debug, info, warn, error or emerg",
        "LEVEL", "info",
        "How much is logged: trace, debug, info, warn, error or emerg. Any other word means info, with a warning.";
    c"JkLogStampFormat" One Server Name::LogStampFormat, c"format of the time stamp",
        "FORMAT", "[%a %b %d %H:%M:%S.%Q %Y] ",
        "The time stamp of log lines, in the letters of strftime(3), and %Q for milliseconds, %q for microseconds.";
    c"JkRequestLogFormat" One Server Name::RequestLogFormat, c"format of a line for each request",
        "FORMAT", "",
        "Logs a line for each forwarded request: %b and %B bytes, %H protocol, %m method, %p port, %q query, %r request line, %s status, %T seconds, %U path, %v and %V server name, %w worker, %R route.";
    c"JkShmFile" One Global Name::ShmFile, c"file name of the shared memory",
        "FILE", "logs/jk-runtime-status",
        "Where the shared memory of the children lies, relative to ServerRoot.";
    c"JkShmSize" One Global Name::ShmSize, c"obsolete: the size is computed",
        "KIBIBYTES", "",
        "Has no effect: the size of the shared memory is computed.";
    c"JkWatchdogInterval" One Global Name::WatchdogInterval, c"seconds between maintenance runs",
        "SECONDS", "0",
        "A thread of each child runs the maintenance of workers in this interval; 0: requests run it.";
    c"JkOptions" Raw Server Name::Options, c"flags, each with an optional + or -",
        "[+|-]FLAG...", "+ForwardURIProxy +ForwardKeySize",
        "Flags, each set by a leading + or none, and cleared by -. The form of the forwarded path: ForwardURIProxy, ForwardURICompat, ForwardURICompatUnparsed, ForwardURIEscaped. Others: RejectUnsafeURI, ForwardDirectories, ForwardLocalAddress, ForwardPhysicalAddress, ForwardSSLCertChain, ForwardKeySize, FlushPackets, FlushHeader, DisableReuse. CollapseSlashesAll, CollapseSlashesNone and CollapseSlashesUnmount are known and have no effect.";
    c"JkEnvVar" OneOrTwo Server Name::EnvVar, c"a variable to send to Tomcat, and its default",
        "NAME [DEFAULT]", "",
        "Sends the environment variable to Tomcat as a request attribute of the same name. Without a default it is sent only where it is set. Tomcat's connector refuses attributes that its allowedRequestAttributesPattern does not match, with 403.";
    c"JkExtractSSL" One Server Name::ExtractSsl, c"On or Off: send what is known of TLS",
        "On|Off", "On",
        "Sends what mod_ssl knows of the client's TLS to Tomcat; it needs SSLOptions +StdEnvVars, and +ExportCertData for certificates.";
    c"RjkConfigFile" One Global Name::ConfigFile, c"the TOML file with what is not mod_jk's",
        "FILE", "",
        "The file rjk.toml, relative to ServerRoot, with all that mod_jk does not know: see rjk.toml(5). Write the line inside of <IfDirective RjkConfigFile>, so that mod_jk reads the same configuration.";
    c"JkWorkerIndicator" One Server Name::Indicator(Indicator::Worker), c"variable that names the worker",
        "VARIABLE", "JK_WORKER_NAME",
        "The environment variable that names the worker, with rule extensions after a semicolon, for requests that no mount matches.";
    c"JkRequestIdIndicator" One Server Name::Indicator(Indicator::RequestId), c"variable with the request id",
        "VARIABLE", "UNIQUE_ID",
        "The environment variable with the id that log lines of a request carry.";
    c"JkRemoteAddrIndicator" One Server Name::Indicator(Indicator::RemoteAddr), c"variable with the client address",
        "VARIABLE", "JK_REMOTE_ADDR",
        "The environment variable that replaces the client's address.";
    c"JkRemotePortIndicator" One Server Name::Indicator(Indicator::RemotePort), c"variable with the client port",
        "VARIABLE", "JK_REMOTE_PORT",
        "The environment variable that replaces the client's port.";
    c"JkRemoteHostIndicator" One Server Name::Indicator(Indicator::RemoteHost), c"variable with the client host",
        "VARIABLE", "JK_REMOTE_HOST",
        "The environment variable that replaces the client's host name.";
    c"JkRemoteUserIndicator" One Server Name::Indicator(Indicator::RemoteUser), c"variable with the user",
        "VARIABLE", "JK_REMOTE_USER",
        "The environment variable that replaces the user; a status worker's list of users is checked against it, too.";
    c"JkAuthTypeIndicator" One Server Name::Indicator(Indicator::AuthType), c"variable with the auth type",
        "VARIABLE", "JK_AUTH_TYPE",
        "The environment variable that replaces the type of the authentication.";
    c"JkLocalNameIndicator" One Server Name::Indicator(Indicator::LocalName), c"variable with the server name",
        "VARIABLE", "JK_LOCAL_NAME",
        "The environment variable that replaces the server's name.";
    c"JkLocalAddrIndicator" One Server Name::Indicator(Indicator::LocalAddr), c"variable with the server address",
        "VARIABLE", "JK_LOCAL_ADDR",
        "The environment variable that replaces the server's address.";
    c"JkLocalPortIndicator" One Server Name::Indicator(Indicator::LocalPort), c"variable with the server port",
        "VARIABLE", "JK_LOCAL_PORT",
        "The environment variable that replaces the server's port.";
    c"JkIgnoreCLIndicator" One Server Name::Indicator(Indicator::IgnoreCl), c"variable that voids Content-Length",
        "VARIABLE", "JK_IGNORE_CL",
        "Where this environment variable exists, the request's Content-Length is not sent, and the body goes as one of unknown length.";
    c"JkHTTPSIndicator" One Server Name::Indicator(Indicator::Https), c"variable that is on under TLS",
        "VARIABLE", "HTTPS",
        "The environment variable that is \"on\" under TLS.";
    c"JkSSLPROTOCOLIndicator" One Server Name::Indicator(Indicator::SslProtocol), c"variable with the TLS protocol",
        "VARIABLE", "SSL_PROTOCOL",
        "The environment variable with the version of TLS.";
    c"JkCERTSIndicator" One Server Name::Indicator(Indicator::Certs), c"variable with the client certificate",
        "VARIABLE", "SSL_CLIENT_CERT",
        "The environment variable with the client's certificate.";
    c"JkCIPHERIndicator" One Server Name::Indicator(Indicator::Cipher), c"variable with the cipher",
        "VARIABLE", "SSL_CIPHER",
        "The environment variable with the cipher.";
    c"JkSESSIONIndicator" One Server Name::Indicator(Indicator::Session), c"variable with the TLS session",
        "VARIABLE", "SSL_SESSION_ID",
        "The environment variable with the TLS session.";
    c"JkKEYSIZEIndicator" One Server Name::Indicator(Indicator::KeySize), c"variable with the key size",
        "VARIABLE", "SSL_CIPHER_USEKEYSIZE",
        "The environment variable with the size of the cipher's key.";
    c"JkCERTCHAINPrefix" One Server Name::Indicator(Indicator::CertChainPrefix), c"prefix of certificate chain variables",
        "PREFIX", "SSL_CLIENT_CERT_CHAIN_",
        "What the names of the environment variables with the client's chain of certificates begin with.";
};
