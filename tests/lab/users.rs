//! Users who click all the time, each with a session, and what they saw.

use crate::network::Host;
use crate::site::Site;
use crate::visit::{Page, Trouble, Visitor};
use anyhow::Result;
use rjk_testbed::wait;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Users of each site.
const USERS: usize = 6;
/// From a page to the next click.
const THINK: Duration = Duration::from_millis(60);
/// Who went to the other web host looks at the first one again after so many clicks.
const LOYALTY: u32 = 30;
/// A session of a user has so many clicks, then the next one begins.
const FORGETS: u32 = 240;
/// Longest wait for a byte of an answer.
const PATIENCE: Duration = Duration::from_secs(40);
/// Failures that are kept as text.
const TOLD: usize = 3;

/// What users saw since it was last taken.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Requests that were sent, and those that neither web host took.
    pub sent: u64,
    /// Those without the page.
    pub failed: u64,
    /// Those whose web host went away before it had answered; sent again to the other.
    pub cut: u64,
    /// Times that a web host took no connection, and the other one was asked.
    pub elsewhere: u64,
    /// Sessions that were not there any more.
    pub lost: u64,
    /// Sessions that went on at another Tomcat.
    pub moved: u64,
    /// Of these, those whose id names the new Tomcat.
    pub rerouted: u64,
    /// The slowest answer.
    pub slowest: Duration,
    /// Pages by Tomcat.
    pub served: BTreeMap<String, u64>,
    /// What was wrong, the first few.
    pub told: Vec<String>,
}

impl Tally {
    /// Pages that this Tomcat served.
    pub fn of(&self, node: &str) -> u64 {
        self.served.get(node).copied().unwrap_or_default()
    }

    fn tell(&mut self, text: String) {
        if self.told.len() < TOLD {
            self.told.push(text);
        }
    }
}

/// What all users share.
#[derive(Default)]
struct Shared {
    ended: AtomicBool,
    /// A web host is being cut: what it does not answer is no failure.
    cutting: AtomicBool,
    patience_ms: AtomicU64,
    tally: Mutex<Tally>,
    /// The last page of each user.
    at: Mutex<BTreeMap<usize, Page>>,
    /// Clicks of each user that came to their end.
    ended_clicks: Vec<AtomicU64>,
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self) -> MutexGuard<'_, BTreeMap<usize, Page>> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms.load(Ordering::Relaxed))
    }
}

/// The users; they stop with this value.
pub struct Users {
    shared: Arc<Shared>,
    sites: &'static [Site],
    threads: Vec<JoinHandle<()>>,
}

impl Users {
    /// They begin, on each of these sites.
    pub fn begin(sites: &'static [Site]) -> Users {
        let all = USERS * sites.len();
        let shared = Arc::new(Shared {
            ended_clicks: (0..all).map(|_| AtomicU64::default()).collect(),
            ..Shared::default()
        });
        let mut users = Users {
            shared: Arc::clone(&shared),
            sites,
            threads: Vec::new(),
        };
        users.patience(PATIENCE);
        for number in 0..all {
            let shared = Arc::clone(&shared);
            let user = User::new(number, sites);
            users
                .threads
                .push(std::thread::spawn(move || user.live(&shared)));
        }
        users
    }

    /// What they saw since the last time.
    pub fn take(&self) -> Tally {
        std::mem::take(&mut self.shared.tally())
    }

    /// What they have seen so far.
    pub fn look(&self) -> Tally {
        self.shared.tally().clone()
    }

    /// Users whose last page was this Tomcat's; those who wait for their next one are among them.
    pub fn at(&self, node: &str) -> usize {
        let at = self.shared.at();
        at.values().filter(|page| page.node == node).count()
    }

    /// The sessions that users of a site have now.
    pub fn sessions(&self, site: Site) -> Vec<String> {
        let at = self.shared.at();
        let of_site = at
            .iter()
            .filter(|(number, _)| site_of(**number, self.sites) == site);
        of_site.map(|(_, page)| page.session.clone()).collect()
    }

    /// Waits until each click that has begun is at its end: it belongs to the step in which it began.
    pub fn settle(&self) -> Result<()> {
        let count = || -> Vec<u64> {
            let counts = self.shared.ended_clicks.iter();
            counts.map(|count| count.load(Ordering::Relaxed)).collect()
        };
        let before = count();
        wait::until("clicks end", 2 * PATIENCE, || {
            // The first of two may have begun before.
            let now = count();
            let mut pairs = now.iter().zip(&before);
            pairs.all(|(now, before)| *now >= before + 2)
        })
    }

    /// While a web host is cut: who waits for it waits less, and no answer of it is a failure.
    pub fn cutting(&self, is: bool) {
        self.shared.cutting.store(is, Ordering::Relaxed);
        let short = Duration::from_secs(5);
        self.patience(if is { short } else { PATIENCE });
    }

    fn patience(&self, patience: Duration) {
        let ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        self.shared.patience_ms.store(ms, Ordering::Relaxed);
    }
}

impl Drop for Users {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The site that a user visits.
fn site_of(number: usize, sites: &[Site]) -> Site {
    sites[number % sites.len()]
}

struct User {
    number: usize,
    visitor: Visitor,
    home: Host,
    web: Host,
    clicks: u32,
    last: Option<Page>,
}

impl User {
    fn new(number: usize, sites: &[Site]) -> User {
        let site = site_of(number, sites);
        let home = Host::WEB[number / sites.len() % 2];
        User {
            number,
            visitor: Visitor::new(site),
            home,
            web: home,
            // Not all of them begin a new session at the same time.
            clicks: FORGETS / 12 * u32::try_from(number).unwrap_or_default(),
            last: None,
        }
    }

    fn live(mut self, shared: &Shared) {
        while !shared.ended.load(Ordering::Relaxed) {
            self.clicks += 1;
            if self.clicks.is_multiple_of(LOYALTY) {
                self.web = self.home;
            }
            if self.clicks.is_multiple_of(FORGETS) {
                self.visitor = Visitor::new(self.visitor.site);
                self.last = None;
            }
            self.click(shared);
            if let Some(count) = shared.ended_clicks.get(self.number) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            std::thread::sleep(THINK);
        }
    }

    fn click(&mut self, shared: &Shared) {
        let result = match self.try_once(shared) {
            // As a browser does with a name that has two addresses.
            Err(Trouble::NoConnection(..)) => {
                shared.tally().elsewhere += 1;
                self.other_web();
                self.try_once(shared)
            }
            Err(Trouble::Cut(..)) if shared.cutting.load(Ordering::Relaxed) => {
                shared.tally().cut += 1;
                self.other_web();
                self.try_once(shared)
            }
            result => result,
        };
        match result {
            Ok(page) => {
                shared.at().insert(self.number, page.clone());
                self.compare(page, &mut shared.tally());
            }
            Err(trouble) => {
                let mut tally = shared.tally();
                // What was sent is counted where it was sent.
                tally.sent += u64::from(matches!(trouble, Trouble::NoConnection(..)));
                tally.failed += 1;
                tally.tell(trouble.to_string());
            }
        }
    }

    fn other_web(&mut self) {
        self.web = match self.web {
            Host::Web01 => Host::Web02,
            _ => Host::Web01,
        };
    }

    fn try_once(&mut self, shared: &Shared) -> Result<Page, Trouble> {
        let began = Instant::now();
        let result = self.visitor.open(self.web, shared.patience());
        if !matches!(result, Err(Trouble::NoConnection(..))) {
            let mut tally = shared.tally();
            tally.sent += 1;
            tally.slowest = tally.slowest.max(began.elapsed());
        }
        result
    }

    /// A session goes on: the same id, and a counter that grows. It may grow by more than one: a GET
    /// whose Tomcat lost its power is sent again, and both may have counted it.
    fn compare(&mut self, page: Page, tally: &mut Tally) {
        *tally.served.entry(page.node.clone()).or_default() += 1;
        if let Some(last) = &self.last {
            if page.id() != last.id() || page.counter <= last.counter {
                tally.lost += 1;
                tally.tell(format!("a session was lost: {last:?}, then {page:?}"));
            } else if page.node != last.node {
                tally.moved += 1;
                tally.rerouted += u64::from(page.route() == page.node);
            }
        }
        self.last = Some(page);
    }
}
