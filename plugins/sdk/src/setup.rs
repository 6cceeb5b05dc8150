//! What a policy is told and may ask for once, in `configure`.

use crate::{Backend, Balancer, Level, Matching, Member, Source, Table, Text};

/// The balancer that an instance decides for, and what can be named only now: in `choose` and
/// `observe` there is no `Setup`.
pub struct Setup {
    backend: Backend,
    balancer: Balancer,
    members: Members,
}

impl Setup {
    pub(crate) fn new(backend: Backend, balancer: Balancer, members: Vec<Member>) -> Setup {
        Setup {
            backend,
            balancer,
            members: Members(members),
        }
    }

    /// The balancer: name, method, whether sessions stick.
    pub fn balancer(&self) -> &Balancer {
        &self.balancer
    }

    /// Its members.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// Names a text of requests. At most 16 for each policy, those of its tables included; one more
    /// is a fault.
    pub fn text(&self, source: Source) -> Text {
        let (kind, name) = source.numbered();
        Text(self.backend.source(kind, &name))
    }

    /// Makes a table of these texts, to be compared with this text of each request. At most 16 tables for
    /// each policy, with 256 KiB of text in all, 24 bytes for each text included; more is a fault.
    pub fn table(
        &self,
        text: Text,
        matching: Matching,
        texts: impl IntoIterator<Item = impl Into<String>>,
    ) -> Table {
        let texts: Vec<String> = texts.into_iter().map(Into::into).collect();
        Table(self.backend.table(text.0, matching as u32, &texts))
    }

    /// Asks for memory that all instances of this policy for this balancer share, in all children: this
    /// many [`StoreCell`](crate::StoreCell)s of the balancer, and this many of each member. Once; at most
    /// 8192 in all, more is a fault. It outlives restarts of httpd; it begins anew, at 0, when httpd is
    /// stopped and started, when a member was added or taken away, or when other sizes are asked for.
    pub fn reserve(&self, cells: u32, member_cells: u32) {
        self.backend.reserve(cells, member_cells);
    }

    /// A random number, good enough to share out load, not for secrets.
    pub fn random(&self) -> u64 {
        self.backend.random()
    }

    /// One line to the module's log. Cut at 1 KiB; lines that come too often are dropped.
    pub fn log(&self, level: Level, text: &str) {
        self.backend.log(level, text);
    }
}

/// The members of the balancer, in configuration order. The position of each, from 0, is how decisions,
/// candidates and outcomes name it; it holds for one instance. Worker names are what lasts.
#[derive(Clone, Debug)]
pub struct Members(pub(crate) Vec<Member>);

impl Members {
    /// All members, at their positions.
    pub fn iter(&self) -> std::slice::Iter<'_, Member> {
        self.0.iter()
    }

    /// How many there are; at least one.
    #[allow(clippy::len_without_is_empty, reason = "no balancer is empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The position of the member with this worker name.
    ///
    /// # Errors
    /// A text that names the unknown worker and all members.
    pub fn position_of(&self, name: &str) -> Result<u32, String> {
        match (0..).zip(&self.0).find(|(_, member)| member.name == name) {
            Some((position, _)) => Ok(position),
            None => Err(format!(
                "the balancer has no member \"{name}\"; its members are {}",
                self.names()
            )),
        }
    }

    /// All worker names, quoted, for messages.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.0.iter().map(|m| format!("\"{}\"", m.name)).collect();
        names.join(", ")
    }
}

impl<'a> IntoIterator for &'a Members {
    type Item = &'a Member;
    type IntoIter = std::slice::Iter<'a, Member>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
