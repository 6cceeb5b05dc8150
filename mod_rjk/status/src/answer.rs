//! The way of a request to its answer.

use crate::access::{Client, Provenance};
use crate::change::Changer;
use crate::command::{Command, Format, Options};
use crate::context::Context;
use crate::gather::Gather;
use crate::model::{Body, Page, Subject, Verdict};
use crate::query::Query;
use crate::site::{Site, Worker};
use crate::target::Target;
use crate::{html, json, properties, text, xml};
use bstr::{BStr, ByteSlice};
use rjk_config::model::StatusSpec;
use rjk_log::{Log, jk_log};

/// A request to a status worker.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The worker.
    pub spec: &'a StatusSpec,
    /// The query string.
    pub query: &'a [u8],
    /// The path, for links.
    pub path: &'a BStr,
    /// Who sent it.
    pub client: Client<'a>,
    /// Where from.
    pub provenance: Provenance<'a>,
}

/// What goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its format; `None` when the request names none that is known.
    pub format: Option<Format>,
    /// The text; names and values keep their bytes where the format has no encoding of its own.
    pub text: Vec<u8>,
}

/// Why a request is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    status: u16,
    message: String,
}

impl From<&str> for Refused {
    fn from(message: &str) -> Refused {
        Refused::from(message.to_owned())
    }
}

/// The HTTP status of a refusal is 200, as mod_jk's (S-03).
impl From<String> for Refused {
    fn from(message: String) -> Refused {
        Refused {
            status: 200,
            message,
        }
    }
}

/// Answers a request.
pub fn answer(request: &Request<'_>, site: &Site<'_>, log: &dyn Log) -> Answer {
    let query = Query::parse(request.query);
    let (status, page) = match serve(request, &query, site, log) {
        Ok(page) => (200, page),
        Err(refused) => {
            let (name, address) = (&request.spec.name, request.client.address);
            let message = &refused.message;
            jk_log!(
                log,
                Warn,
                "status worker {name}: {message} (client {address})"
            );
            let page = Page {
                result: Verdict::Failed(refused.message),
                ..Page::default()
            };
            (refused.status, page)
        }
    };
    let format = Format::of(&query);
    Answer {
        status,
        format,
        text: render(request, &query, format, &page),
    }
}

fn render(request: &Request<'_>, query: &Query, format: Option<Format>, page: &Page) -> Vec<u8> {
    let spec = request.spec;
    match format {
        Some(Format::Html) => {
            let context = Context {
                spec,
                query,
                path: request.path,
                is_read_only: spec.read_only || Options::of(query).is_read_only(),
            };
            html::render(page, &context).into_bytes()
        }
        Some(Format::Xml) => xml::render(page, spec).into_bytes(),
        Some(Format::Text) => text::render(page),
        Some(Format::Json) => json::render(page).into_bytes(),
        Some(Format::Properties) | None => properties::render(page, spec.prefix.as_bstr()),
    }
}

fn serve(
    request: &Request<'_>,
    query: &Query,
    site: &Site<'_>,
    log: &dyn Log,
) -> Result<Page, Refused> {
    let command = admit(request, query)?;
    let changer = Changer {
        spec: request.spec,
        site,
        query,
        client: request.client,
        log,
    };
    match command {
        Command::Update => changer.update()?,
        Command::Reset => changer.reset()?,
        Command::Recover => changer.recover()?,
        _ => return shown(request, query, site, command),
    }
    Ok(Page::default())
}

fn shown(
    request: &Request<'_>,
    query: &Query,
    site: &Site<'_>,
    command: Command,
) -> Result<Page, Refused> {
    let options = Options::of(query);
    let gather = Gather {
        site,
        spec: request.spec,
        hides_members: options.hides_members(),
        hides_maps: options.hides_maps(),
    };
    let body = match command {
        Command::List => list(&gather, options),
        Command::Show => show(&gather, query)?,
        Command::Edit => Body::Edit(edit(&gather, query)?),
        Command::Dump => dump(site),
        _ => Body::Empty,
    };
    let is_shown = matches!(command, Command::List | Command::Show);
    Ok(Page {
        head: Some(gather.head()),
        notices: match is_shown {
            true => site.notices.clone(),
            false => Vec::new(),
        },
        body,
        result: Verdict::Done,
    })
}

/// Whether the client may ask for this at all.
fn admit(request: &Request<'_>, query: &Query) -> Result<Command, Refused> {
    let spec = request.spec;
    if !request.client.may_use(spec) {
        return Err("Access denied.".into());
    }
    if query.broken().is_some() {
        return Err("Error during parsing of URI".into());
    }
    let command = Command::of(query).ok_or("Invalid command.")?;
    if command.is_change()
        && let Some(from) = from_elsewhere(request)
    {
        let command = command.as_str();
        return Err(Refused {
            status: 403,
            message: format!("cmd={command} {from}"),
        });
    }
    if command.needs_write() && (spec.read_only || Options::of(query).is_read_only()) {
        return Err("This command is not allowed in read only mode.".into());
    }
    Format::of(query).ok_or("Invalid mime type.")?;
    Ok(command)
}

/// Why a change may be the work of a page that is not ours (C-14).
fn from_elsewhere(request: &Request<'_>) -> Option<String> {
    if let Some((name, value)) = request.provenance.foreign() {
        let value = value.as_bstr();
        return Some(format!("comes from another site ({name}: {value})"));
    }
    request.provenance.is_silent_browser().then(|| {
        "comes from a browser that does not say from which page (no Referer); \
         use the buttons of this page, or a program such as curl"
            .to_owned()
    })
}

/// All balancers and workers, without what the request hides (CM-01).
fn list(gather: &Gather<'_>, options: Options) -> Body {
    let workers = || gather.site.workers.iter().map(|(_, worker)| worker);
    let balancers = workers().filter_map(|worker| match worker {
        Worker::Balancer(balancer) => Some(gather.balancer(balancer, None)),
        _ => None,
    });
    let ajp = workers().filter_map(|worker| match worker {
        Worker::Ajp(worker) => Some(gather.worker(worker)),
        _ => None,
    });
    Body::List {
        balancers: (!options.hides_balancers()).then(|| balancers.collect()),
        workers: (!options.hides_workers()).then(|| ajp.collect()),
    }
}

/// One worker, or one member of it (CM-02).
fn show(gather: &Gather<'_>, query: &Query) -> Result<Body, Refused> {
    let target = Target::find(query, gather.site, false)?;
    Ok(match target.worker {
        Worker::Balancer(balancer) => {
            Body::Balancer(Box::new(gather.balancer(balancer, target.member())))
        }
        Worker::Ajp(worker) => Body::Worker(Box::new(gather.worker(&worker))),
        Worker::Other => Body::Empty,
    })
}

/// What the form of one worker or member needs (CM-03).
fn edit(gather: &Gather<'_>, query: &Query) -> Result<Subject, Refused> {
    let target = Target::find(query, gather.site, false)?;
    Ok(match (&target.worker, target.member()) {
        (Worker::Balancer(balancer), None) => {
            Subject::Balancer(Box::new(gather.balancer(balancer, None)))
        }
        (Worker::Balancer(balancer), only) => {
            Subject::Member(Box::new(gather.balancer(balancer, only)))
        }
        (Worker::Ajp(worker), _) => Subject::Worker(Box::new(gather.worker(worker))),
        (Worker::Other, _) => Subject::Other,
    })
}

/// The properties as they were read (CM-08).
fn dump(site: &Site<'_>) -> Body {
    let pairs = site.properties.iter();
    Body::Dump(
        pairs
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
    )
}
