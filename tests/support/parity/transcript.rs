//! Everything that was seen of a request, in a form in which two modules can be compared.

use super::marks::Marks;
use super::seen::{NULL, Seen, latin1, packets};
use super::stage::Stage;
use crate::client::BodyEnd;
use crate::peer::Forwarded;

/// What was seen in a step.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// Which step.
    pub step: String,
    /// Names and values, in order.
    pub lines: Vec<(String, String)>,
    /// What names may begin with that may differ.
    pub vary: Vec<String>,
}

impl Transcript {
    /// Whether what has this name may differ.
    pub fn may_vary(&self, name: &str) -> bool {
        self.vary.iter().any(|vary| name.starts_with(vary))
    }
}

/// Headers that differ from answer to answer, that name the module, or that frame the body as much of it
/// was there when the answer began.
const OWN: [&str; 4] = ["Date", "Server", "Content-Length", "Transfer-Encoding"];

/// Everything that both modules must do alike, a name and a value for each.
pub fn transcript(stage: &Stage, marks: &Marks, seen: &Seen) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut put = |name: &str, value: String| all.push((name.to_owned(), stage.unfill(&value)));
    match &seen.answer {
        None => return Vec::new(),
        Some(Err(_)) => put("status", "no answer".to_owned()),
        Some(Ok(response)) => {
            put("status", response.status.to_string());
            put("phrase", response.reason.clone());
            for (name, value) in &response.headers {
                if !OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
                    put(&format!("header {name}"), value.clone());
                }
            }
            put("body", response.text());
            put("complete", (response.end == BodyEnd::Complete).to_string());
        }
    }
    let requests = marks.forwarded(stage);
    let reached: Vec<&str> = requests.iter().map(|(name, ..)| name.as_str()).collect();
    put("reached", reached.join(" "));
    for (_, request, _) in &requests {
        for (name, value) in forward_text(request) {
            put(&format!("forwarded {name}"), value);
        }
    }
    all
}

fn forward_text(request: &Forwarded) -> Vec<(String, String)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| NULL.to_owned());
    let mut all = vec![
        (
            "method".into(),
            format!("{} {}", request.method_code, request.method),
        ),
        ("protocol".into(), request.protocol.clone()),
        ("uri".into(), request.uri.clone()),
        ("remote_addr".into(), text(&request.remote_addr)),
        ("remote_host".into(), text(&request.remote_host)),
        ("server_name".into(), text(&request.server_name)),
        ("server_port".into(), request.server_port.to_string()),
        ("ssl".into(), request.is_ssl.to_string()),
    ];
    for header in &request.headers {
        let form = if header.coded { "coded" } else { "header" };
        all.push((format!("{form} {}", header.name), header.value.clone()));
    }
    for attribute in &request.attributes {
        let is_port = attribute.name == "AJP_REMOTE_PORT";
        let value = if is_port {
            "*".to_owned()
        } else {
            text(&attribute.value)
        };
        all.push((
            format!("attribute {:02x} {}", attribute.code, attribute.name),
            value,
        ));
    }
    all.push(("packets".into(), packets(request).join(" ")));
    all.push(("body".into(), latin1(&request.body())));
    all
}
