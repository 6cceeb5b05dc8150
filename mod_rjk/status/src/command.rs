//! What a request asks for: the command, its format, and what it leaves out (C-01, C-02, C-06).

use crate::query::Query;

/// `cmd=` (C-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// All workers.
    List,
    /// One worker.
    Show,
    /// The form for a worker's settings.
    Edit,
    /// Changes settings.
    Update,
    /// Statistics start again at zero.
    Reset,
    /// A member in error may be tried at once.
    Recover,
    /// Only the versions.
    Version,
    /// The properties as they were read.
    Dump,
}

impl Command {
    const ALL: [Command; 8] = [
        Command::List,
        Command::Show,
        Command::Edit,
        Command::Update,
        Command::Reset,
        Command::Recover,
        Command::Version,
        Command::Dump,
    ];

    /// The word of the query.
    pub fn as_str(self) -> &'static str {
        match self {
            Command::List => "list",
            Command::Show => "show",
            Command::Edit => "edit",
            Command::Update => "update",
            Command::Reset => "reset",
            Command::Recover => "recover",
            Command::Version => "version",
            Command::Dump => "dump",
        }
    }

    /// The command of a query, `list` without one; `None` for any other word.
    pub fn of(query: &Query) -> Option<Command> {
        let Some(word) = query.get("cmd") else {
            return Some(Command::List);
        };
        Command::ALL
            .into_iter()
            .find(|known| word == known.as_str())
    }

    /// Whether it changes something.
    pub fn is_change(self) -> bool {
        matches!(self, Command::Update | Command::Reset | Command::Recover)
    }

    /// Whether read-only mode forbids it (S-02).
    pub fn needs_write(self) -> bool {
        self.is_change() || self == Command::Edit
    }
}

/// `mime=` (C-02), and JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The page for people.
    Html,
    /// `xml`.
    Xml,
    /// `txt`.
    Text,
    /// `prop`.
    Properties,
    /// `json`.
    Json,
}

impl Format {
    const ALL: [Format; 5] = [
        Format::Html,
        Format::Xml,
        Format::Text,
        Format::Properties,
        Format::Json,
    ];

    /// The word of the query.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Html => "html",
            Format::Xml => "xml",
            Format::Text => "txt",
            Format::Properties => "prop",
            Format::Json => "json",
        }
    }

    /// The format of a query, `html` without one; `None` for any other word.
    pub fn of(query: &Query) -> Option<Format> {
        let Some(word) = query.get("mime") else {
            return Some(Format::Html);
        };
        Format::ALL.into_iter().find(|known| word == known.as_str())
    }
}

/// `opt=` (C-06): what to leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options(i64);

const READ_ONLY: i64 = 32;

impl Options {
    /// The options of a query.
    pub fn of(query: &Query) -> Options {
        Options(query.number("opt"))
    }

    /// The number in the query.
    pub fn bits(self) -> i64 {
        self.0
    }

    /// With changes allowed where they were not, and the other way round.
    pub fn with_read_only_toggled(self) -> Options {
        Options(self.0 ^ READ_ONLY)
    }

    fn has(self, bit: i64) -> bool {
        self.0 & bit != 0
    }

    /// Members of balancers.
    pub fn hides_members(self) -> bool {
        self.has(1)
    }

    /// Rules.
    pub fn hides_maps(self) -> bool {
        self.has(2)
    }

    /// The legend of the page.
    pub fn hides_legend(self) -> bool {
        self.has(4)
    }

    /// Balancers, in the list.
    pub fn hides_balancers(self) -> bool {
        self.has(8)
    }

    /// Workers without a balancer, in the list.
    pub fn hides_workers(self) -> bool {
        self.has(16)
    }

    /// Nothing may be changed.
    pub fn is_read_only(self) -> bool {
        self.has(READ_ONLY)
    }

    /// Settings of balancers, on the page.
    pub fn hides_balancer_settings(self) -> bool {
        self.has(64)
    }

    /// The summary of balancers, on the page.
    pub fn hides_summary(self) -> bool {
        self.has(128)
    }

    /// Settings of workers, on the page.
    pub fn hides_worker_settings(self) -> bool {
        self.has(256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c01_c02_words() {
        let command = |raw: &str| Command::of(&Query::parse(raw.as_bytes()));
        let format = |raw: &str| Format::of(&Query::parse(raw.as_bytes()));
        for known in Command::ALL {
            assert_eq!(command(&format!("cmd={}", known.as_str())), Some(known));
        }
        for known in Format::ALL {
            assert_eq!(format(&format!("mime={}", known.as_str())), Some(known));
        }
        assert_eq!(command("w=lb"), Some(Command::List));
        assert_eq!(format("w=lb"), Some(Format::Html));
        assert_eq!(command("cmd=reset&cmd=list"), Some(Command::List));
        for word in [
            "",
            "List",
            "LIST",
            "+list",
            "list+",
            "drain",
            "list;x",
            "version=x",
        ] {
            assert_eq!(command(&format!("cmd={word}")), None, "{word}");
        }
        for word in ["", "XML", "text", "html ", "=txt"] {
            assert_eq!(format(&format!("mime={word}")), None, "{word}");
        }
    }

    #[test]
    fn c01_what_a_command_needs() {
        let names = |is: fn(Command) -> bool| -> Vec<&str> {
            let all = Command::ALL.into_iter().filter(|command| is(*command));
            all.map(Command::as_str).collect()
        };
        assert_eq!(names(Command::is_change), ["update", "reset", "recover"]);
        assert_eq!(
            names(Command::needs_write),
            ["edit", "update", "reset", "recover"]
        );
    }

    #[test]
    fn c06_bits() {
        let of = |raw: &str| Options::of(&Query::parse(raw.as_bytes()));
        let bits = |options: Options| {
            [
                options.hides_members(),
                options.hides_maps(),
                options.hides_legend(),
                options.hides_balancers(),
                options.hides_workers(),
                options.is_read_only(),
                options.hides_balancer_settings(),
                options.hides_summary(),
                options.hides_worker_settings(),
            ]
        };
        assert_eq!(bits(of("")), [false; 9]);
        assert_eq!(bits(of("opt=-1")), [true; 9]);
        assert_eq!(bits(of("opt=511")), [true; 9]);
        assert_eq!(bits(of("opt=0x3")), [false; 9]);
        for (index, set) in (0..9).map(|index| (index, bits(of(&format!("opt={}", 1 << index))))) {
            let expected: [bool; 9] = std::array::from_fn(|bit| bit == index);
            assert_eq!(set, expected);
        }
    }
}
