mod ends;
mod faults;
mod interim;
mod sending;

use super::*;

/// What came out of a stream: one word per action, body data joined, steps without meaning left out.
fn drive(expected: Expected, pieces: &[&[u8]]) -> Vec<String> {
    let mut exchange = Exchange::new(expected);
    let mut words = Vec::new();
    let (mut buffer, mut body) = (Vec::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        if take_all(&mut exchange, &mut buffer, &mut body, &mut words) {
            words.push(format!("rest {}", buffer.escape_ascii()));
            return words;
        }
    }
    let end = exchange.at_end(buffer.len()).map_err(|error| {
        assert_eq!(error.status(), 502);
        word_of(&error)
    });
    push_body(&mut body, &mut words);
    words.push("eof".to_owned());
    words.push(end.map_or_else(|error| error, |action| word(&action)));
    words
}

/// Steps as far as the buffer goes; returns whether the exchange is over.
fn take_all(
    exchange: &mut Exchange,
    buffer: &mut Vec<u8>,
    body: &mut Vec<u8>,
    words: &mut Vec<String>,
) -> bool {
    let mut used = 0;
    let over = loop {
        let action = match exchange.step(&buffer[used..]) {
            Ok(Step::Incomplete { needed }) => {
                assert!(needed > buffer.len() - used);
                break false;
            }
            Ok(Step::Complete { action, consumed }) => {
                used += consumed;
                assert!(used <= buffer.len());
                action
            }
            Err(error) => {
                push_body(body, words);
                words.push(word_of(&error));
                buffer.clear();
                return true;
            }
        };
        match action {
            Action::Body(data) => body.extend_from_slice(data),
            Action::Nothing => {}
            action => {
                push_body(body, words);
                words.push(word(&action));
            }
        }
        if exchange.finished() {
            break true;
        }
    };
    buffer.drain(..used);
    over
}

fn push_body(body: &mut Vec<u8>, words: &mut Vec<String>) {
    if !body.is_empty() {
        words.push(format!("body {}", body.escape_ascii()));
        body.clear();
    }
}

fn word(action: &Action<'_>) -> String {
    match action {
        Action::Head(head) => format!("head {}", head.status()),
        Action::Hint(head) => format!("hint {}", head.status()),
        Action::Switch(head) => format!("switch {}", head.status()),
        Action::Continue => "continue".to_owned(),
        Action::Finish { reuse } => format!("finish {reuse}"),
        other => format!("{other:?}"),
    }
}

fn word_of(error: &ProtocolError) -> String {
    assert!(!error.to_string().is_empty());
    let debug = format!("{error:?}");
    debug.split(' ').next().unwrap().to_owned()
}

const GET: Expected = Expected {
    body: BodyLength::None,
    head_request: false,
    awaits_continue: false,
    upgrade: false,
};

const HEAD: Expected = Expected {
    head_request: true,
    ..GET
};

/// An exchange whose whole request was sent, and that received this much of the answer.
fn after(expected: Expected, received: &[u8]) -> Exchange {
    let mut exchange = Exchange::new(expected);
    step_all(&mut exchange, received);
    exchange
}

/// Takes all steps that these bytes allow; they end with a whole step.
fn step_all(exchange: &mut Exchange, mut received: &[u8]) -> Vec<String> {
    let mut words = Vec::new();
    while !received.is_empty() {
        let Step::Complete { action, consumed } = exchange.step(received).unwrap() else {
            panic!("{} is no whole step", received.escape_ascii());
        };
        words.push(word(&action));
        received = &received[consumed..];
    }
    words
}
