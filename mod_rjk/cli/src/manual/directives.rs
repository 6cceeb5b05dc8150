//! mod_rjk.conf(5): the directives.

use super::page::{Page, entry, example};
use clap_mangen::roff::{Roff, bold, roman};
use rjk_config::directive::{ALL, Context, Directive};

const EXAMPLE: &str = "\
LoadModule jk_module modules/mod_rjk.so
JkWorkersFile conf/workers.properties
JkShmFile run/jk-runtime-status
JkLogFile logs/mod_jk.log
<IfDirective RjkConfigFile>
    RjkConfigFile conf/rjk.toml
</IfDirective>
JkMount /app|/* lb";

pub(super) fn page() -> Page {
    let about = "the directives of mod_rjk in the configuration of Apache httpd";
    Page::of_file("mod_rjk.conf", about, |roff| {
        roff.control("SH", ["DESCRIPTION"]);
        roff.text([roman(
            "mod_rjk takes the place of mod_jk: httpd knows it as jk_module, and it reads the same directives. What mod_jk \
             does not know stands in rjk.toml(5). rjk-check(1) looks at a configuration before httpd does.",
        )]);
        roff.control("SH", ["DIRECTIVES"]);
        roff.text([roman(
            "Names and words have no case. A virtual host takes what it does not say itself from the main server, but \
             mounts only as JkMountCopy says.",
        )]);
        ALL.iter().for_each(|one| directive(roff, one));
        roff.control("SH", ["EXAMPLE"]);
        example(roff, EXAMPLE);
        roff.control("SH", ["SEE ALSO"]);
        roff.text([bold("rjk"), roman("(1), "), bold("rjk.toml"), roman("(5)")]);
    })
}

fn directive(roff: &mut Roff, one: &Directive) {
    let rest = format!(" {}", one.syntax);
    let place = match one.context {
        Context::Global => "the main server",
        Context::Server => "the main server, virtual hosts",
        Context::Section => "the main server, virtual hosts, <Location> and <Directory>",
    };
    let default = match one.default {
        "" => String::new(),
        default => format!(" Default: {default}."),
    };
    let text = format!("{}{default} Stands in {place}.", one.manual);
    entry(roff, one.as_str(), &rest, &text);
}
