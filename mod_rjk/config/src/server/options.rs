//! `JkOptions`: the flags of one server and how a virtual host inherits them (contract §1.2, §1.3.1).

pub use super::forward_uri::{ForwardUri, path_of};
use crate::advice::nearest;

/// Which address Tomcat is told as the client's (O-06, O-07).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAddress {
    /// The address that httpd takes for the client's, after mod_remoteip.
    #[default]
    UserAgent,
    /// httpd's own address of the connection (O-06).
    Local,
    /// The TCP peer (O-07).
    Physical,
}

/// The options of one server after all merging.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Form of the path that Tomcat gets (O-01…O-04).
    pub forward_uri: ForwardUri,
    /// Directory requests that mod_dir left over may be forwarded (O-05).
    pub forward_directories: bool,
    /// Address sent as the client's (O-06, O-07).
    pub client_address: ClientAddress,
    /// Send the chain of client certificates (O-08).
    pub ssl_cert_chain: bool,
    /// Send the key size (O-09).
    pub key_size: bool,
    /// Flush to the client after each body chunk (O-10).
    pub flush_packets: bool,
    /// Flush to the client after the head (O-11).
    pub flush_header: bool,
    /// Close the backend connection after each response (O-12).
    pub disable_reuse: bool,
    /// A path with `%` or `\` matches no mount (O-13).
    pub reject_unsafe_uri: bool,
}

/// The options as the directives of one server set them: flags to add and flags to remove (OM-01).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionSet {
    plus: u16,
    minus: u16,
    forward_uri: Option<ForwardUri>,
}

impl OptionSet {
    /// What the main server starts from: `ForwardURIProxy ForwardKeySize` (OM-05).
    pub fn main() -> OptionSet {
        let forward_uri = Some(ForwardUri::Proxy);
        OptionSet {
            plus: KEY_SIZE,
            forward_uri,
            ..OptionSet::default()
        }
    }

    /// What a virtual host starts from: nothing (OM-05).
    pub fn vhost() -> OptionSet {
        OptionSet::default()
    }

    /// Takes the arguments of one `JkOptions` line (D-36): words `[+-]flag`, case-insensitive.
    ///
    /// The error text names a flag that is not known, or one that cannot be removed; the text of a
    /// warning is given back.
    pub fn parse_words(&mut self, line: &str) -> Result<Option<String>, String> {
        let mut has_collapse = false;
        for word in line.split_ascii_whitespace() {
            has_collapse |= self.word(word.trim_matches(['"', '\'']))? == Effect::None;
        }
        Ok(has_collapse.then(|| {
            "JkOptions CollapseSlashes... has no effect: runs of '/' always match as one".to_owned()
        }))
    }

    /// A virtual host's set with what it inherits (OM-02, OM-03).
    ///
    /// A virtual host that adds an address flag inherits none (BG-15; mod_jk combines them, OM-04).
    #[must_use]
    pub fn merge(main: &OptionSet, vhost: &OptionSet) -> OptionSet {
        let own_address = vhost.plus & ADDRESS != 0;
        let inherited = main.plus & !main.minus & !(if own_address { ADDRESS } else { 0 });
        OptionSet {
            plus: vhost.plus | inherited,
            minus: vhost.minus,
            forward_uri: vhost.forward_uri.or(main.forward_uri),
        }
    }

    /// The options in force: what was added less what was removed, in whatever order (OM-01).
    pub fn resolve(&self) -> Options {
        let flags = self.plus & !self.minus;
        let has = |flag: u16| flags & flag != 0;
        Options {
            forward_uri: self.forward_uri.unwrap_or_default(),
            forward_directories: has(DIRECTORIES),
            client_address: match (has(LOCAL_ADDRESS), has(PHYSICAL_ADDRESS)) {
                (true, _) => ClientAddress::Local,
                (false, true) => ClientAddress::Physical,
                (false, false) => ClientAddress::UserAgent,
            },
            ssl_cert_chain: has(CERT_CHAIN),
            key_size: has(KEY_SIZE),
            flush_packets: has(FLUSH_PACKETS),
            flush_header: has(FLUSH_HEADER),
            disable_reuse: has(DISABLE_REUSE),
            reject_unsafe_uri: has(REJECT_UNSAFE),
        }
    }

    fn word(&mut self, word: &str) -> Result<Effect, String> {
        let (remove, name) = match word.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, word.strip_prefix('+').unwrap_or(word)),
        };
        let known = FLAGS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        match (known.map(|(_, flag)| *flag), remove) {
            (None, _) => return Err(unknown(name)),
            (Some(Flag::ForwardUri(_)), true) => {
                return Err(format!(
                    "JkOptions: '{word}' cannot be removed; name the ForwardURI flag to use instead"
                ));
            }
            (Some(Flag::ForwardUri(form)), false) => self.forward_uri = Some(form),
            (Some(Flag::Collapse), _) => return Ok(Effect::None),
            (Some(Flag::Bit(bit)), true) => self.minus |= bit,
            (Some(Flag::Bit(bit)), false) => {
                if bit & ADDRESS != 0 {
                    // O-06 and O-07 exclude each other within one server: the last one counts.
                    self.plus &= !ADDRESS;
                }
                self.plus |= bit;
            }
        }
        Ok(Effect::Set)
    }
}

/// What a word of `JkOptions` does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Sets or removes a flag.
    Set,
    /// Nothing (O-14).
    None,
}

#[derive(Clone, Copy)]
enum Flag {
    ForwardUri(ForwardUri),
    Bit(u16),
    Collapse,
}

const DIRECTORIES: u16 = 1;
const LOCAL_ADDRESS: u16 = 1 << 1;
const PHYSICAL_ADDRESS: u16 = 1 << 2;
const ADDRESS: u16 = LOCAL_ADDRESS | PHYSICAL_ADDRESS;
const CERT_CHAIN: u16 = 1 << 3;
const KEY_SIZE: u16 = 1 << 4;
const FLUSH_PACKETS: u16 = 1 << 5;
const FLUSH_HEADER: u16 = 1 << 6;
const DISABLE_REUSE: u16 = 1 << 7;
const REJECT_UNSAFE: u16 = 1 << 8;

/// All flags, O-01…O-14 in order.
const FLAGS: [(&str, Flag); 16] = [
    ("ForwardURIProxy", Flag::ForwardUri(ForwardUri::Proxy)),
    ("ForwardURICompat", Flag::ForwardUri(ForwardUri::Compat)),
    (
        "ForwardURICompatUnparsed",
        Flag::ForwardUri(ForwardUri::CompatUnparsed),
    ),
    ("ForwardURIEscaped", Flag::ForwardUri(ForwardUri::Escaped)),
    ("ForwardDirectories", Flag::Bit(DIRECTORIES)),
    ("ForwardLocalAddress", Flag::Bit(LOCAL_ADDRESS)),
    ("ForwardPhysicalAddress", Flag::Bit(PHYSICAL_ADDRESS)),
    ("ForwardSSLCertChain", Flag::Bit(CERT_CHAIN)),
    ("ForwardKeySize", Flag::Bit(KEY_SIZE)),
    ("FlushPackets", Flag::Bit(FLUSH_PACKETS)),
    ("FlushHeader", Flag::Bit(FLUSH_HEADER)),
    ("DisableReuse", Flag::Bit(DISABLE_REUSE)),
    ("RejectUnsafeURI", Flag::Bit(REJECT_UNSAFE)),
    ("CollapseSlashesAll", Flag::Collapse),
    ("CollapseSlashesNone", Flag::Collapse),
    ("CollapseSlashesUnmount", Flag::Collapse),
];

fn unknown(name: &str) -> String {
    let hint = nearest(name, FLAGS.iter().map(|(known, _)| *known));
    let hint = hint
        .map(|known| format!("; did you mean '{known}'?"))
        .unwrap_or_default();
    format!("JkOptions: '{name}' is no option{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(mut start: OptionSet, lines: &[&str]) -> OptionSet {
        for line in lines {
            start.parse_words(line).unwrap();
        }
        start
    }

    fn main_server(line: &str) -> OptionSet {
        set(OptionSet::main(), &[line])
    }

    fn merged(main: &str, vhost: &str) -> Options {
        OptionSet::merge(&main_server(main), &set(OptionSet::vhost(), &[vhost])).resolve()
    }

    #[test]
    fn om05_o01_o09_defaults_reach_the_vhost() {
        let defaults = Options {
            key_size: true,
            ..Options::default()
        };
        assert_eq!(OptionSet::main().resolve(), defaults);
        assert_eq!(merged("", ""), defaults);
    }

    type Change = fn(&mut Options);

    #[test]
    fn o01_to_o13_each_flag_sets_its_own_field() {
        let table: [(&str, Change); 13] = [
            ("ForwardURIProxy", |_| ()),
            ("forwarduricompat", |o| o.forward_uri = ForwardUri::Compat),
            ("+ForwardURICompatUnparsed", |o| {
                o.forward_uri = ForwardUri::CompatUnparsed
            }),
            ("ForwardURIEscaped", |o| o.forward_uri = ForwardUri::Escaped),
            ("+ForwardDirectories", |o| o.forward_directories = true),
            ("ForwardLocalAddress", |o| {
                o.client_address = ClientAddress::Local
            }),
            ("ForwardPhysicalAddress", |o| {
                o.client_address = ClientAddress::Physical
            }),
            ("+ForwardSSLCertChain", |o| o.ssl_cert_chain = true),
            ("-ForwardKeySize", |o| o.key_size = false),
            ("FLUSHPACKETS", |o| o.flush_packets = true),
            ("+FlushHeader", |o| o.flush_header = true),
            ("\"+DisableReuse\"", |o| o.disable_reuse = true),
            ("+RejectUnsafeURI", |o| o.reject_unsafe_uri = true),
        ];
        for (word, change) in table {
            let mut expected = OptionSet::main().resolve();
            change(&mut expected);
            assert_eq!(main_server(word).resolve(), expected, "{word}");
        }
    }

    #[test]
    fn o14_collapse_slashes_is_accepted_and_noted() {
        for word in [
            "CollapseSlashesAll",
            "+CollapseSlashesNone",
            "-CollapseSlashesUnmount",
        ] {
            let mut options = OptionSet::main();
            let warning = options
                .parse_words(&format!("+FlushPackets {word}"))
                .unwrap();
            assert!(
                warning.is_some_and(|text| text.contains("no effect")),
                "{word}"
            );
            assert_eq!(options.resolve(), main_server("+FlushPackets").resolve());
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
    fn d36_errors_name_the_flag() {
        let error = |line: &str| OptionSet::main().parse_words(line).unwrap_err();
        assert!(error("+FlushPackets +FlushPacket").contains("did you mean 'FlushPackets'"));
        assert!(error("ForwardSSLKeySize").contains("'ForwardSSLKeySize'"));
        assert!(error("-ForwardURIProxy").contains("'-ForwardURIProxy'"));
        assert!(error("+").contains("''"));
    }

    #[test]
    fn om01_minus_wins_in_whatever_order() {
        for lines in [
            ["-DisableReuse", "+DisableReuse"],
            ["+DisableReuse", "-DisableReuse"],
        ] {
            assert!(
                !set(OptionSet::main(), &lines).resolve().disable_reuse,
                "{lines:?}"
            );
        }
    }

    #[test]
    fn om02_a_vhost_may_add_what_main_removed_and_remove_what_main_added() {
        assert!(merged("-FlushPackets", "+FlushPackets").flush_packets);
        assert!(!merged("+FlushPackets", "-FlushPackets").flush_packets);
        assert!(merged("+FlushPackets", "").flush_packets);
        assert!(!merged("+FlushPackets -FlushPackets", "").flush_packets);
        assert!(!merged("-ForwardKeySize", "").key_size);
        assert!(merged("-ForwardKeySize", "+ForwardKeySize").key_size);
    }

    #[test]
    fn om03_the_uri_group_is_one_value() {
        let uri = |main, vhost| merged(main, vhost).forward_uri;
        assert_eq!(uri("ForwardURICompat", ""), ForwardUri::Compat);
        assert_eq!(
            uri("ForwardURICompat", "ForwardURIEscaped"),
            ForwardUri::Escaped
        );
        assert_eq!(
            uri("ForwardURICompat", "ForwardURIProxy"),
            ForwardUri::Proxy
        );
        assert_eq!(
            uri("ForwardURICompat ForwardURIEscaped", ""),
            ForwardUri::Escaped
        );
    }

    #[test]
    fn om04_bg15_the_vhosts_address_wins() {
        use ClientAddress::{Local, Physical, UserAgent};
        let address = |main, vhost| merged(main, vhost).client_address;
        assert_eq!(
            address("+ForwardLocalAddress", "+ForwardPhysicalAddress"),
            Physical
        );
        assert_eq!(
            address("+ForwardPhysicalAddress", "+ForwardLocalAddress"),
            Local
        );
        assert_eq!(address("+ForwardLocalAddress", ""), Local);
        assert_eq!(
            address("+ForwardLocalAddress", "-ForwardLocalAddress"),
            UserAgent
        );
        assert_eq!(
            address("", "+ForwardLocalAddress +ForwardPhysicalAddress"),
            Physical
        );
    }
}
