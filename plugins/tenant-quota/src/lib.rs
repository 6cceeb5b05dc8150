//! Routing policy: a tenant has at most so many requests in flight on a member, over all children.

mod config;
mod count;

use config::{Config, Over, Quota};
use count::{Count, Ticket};
use rjk_policy_sdk::{
    Activation, Decision, Host, Matching, Metric, Observer, Outcome, Policy, Request, Setup,
    StoreCell, Table, Text, hash,
};

/// How often an end is tried to be noted while others note theirs; then the request counts on until its
/// time is over.
const TRIES: u32 = 48;

/// Counters of the status page.
const MOVED: u32 = 0;
const REFUSED: u32 = 1;

/// Calls of the host that the search for a member may make; the other ones of a decision are 14 at
/// most, and 64 in all are allowed.
const SEARCH: u32 = 48;

struct TenantQuota {
    tenant: Text,
    /// Tenants with a cell of their own, and how many those are.
    named: Option<Table>,
    names: u32,
    /// Cells that all other tenants share.
    others: u32,
    quota: Quota,
    over: Over,
    status: u16,
    retry_after: Option<u32>,
    move_sessions: bool,
    period_us: u64,
}

/// What is the same for all members that are tried for a request.
struct Search {
    cell: u32,
    store: u32,
    period: u32,
    /// Calls that are left.
    calls: u32,
}

impl Policy for TenantQuota {
    type Config = Config;

    fn configure(setup: &Setup, config: Config) -> Result<TenantQuota, String> {
        let tenant = setup.text(config.source()?);
        let names = config.tenants.len() as u32;
        let others = config.others(setup.members().len())?;
        setup.reserve(1, names + others);
        Ok(TenantQuota {
            tenant,
            names,
            others,
            quota: config.quota()?,
            over: config.over,
            status: config.status()?,
            retry_after: config.retry_after()?,
            move_sessions: config.move_sessions,
            period_us: config.longest_us()?,
            named: (names > 0).then(|| setup.table(tenant, Matching::Exact, config.tenants)),
        })
    }

    fn choose(&self, request: &Request, sticky: Option<u32>) -> Decision {
        let Some(cell) = self.cell_of_tenant(request) else {
            return Decision::Builtin;
        };
        let mut search = Search {
            cell,
            store: store_number(request),
            period: (request.monotonic_us() / self.period_us) as u32,
            calls: SEARCH,
        };
        let first = sticky.or_else(|| request.builtin_choice());
        if let Some(first) = first {
            let busy_limit = match self.quota {
                Quota::Count(_) => 0,
                Quota::Percent(..) => request.value(first, Metric::BUSY_LIMIT),
            };
            if self.takes(first, busy_limit, &mut search, request) {
                return Decision::Worker(first);
            }
        }
        if sticky.is_none() || self.move_sessions {
            for (member, busy_limit) in others(first, request) {
                if self.takes(member, busy_limit, &mut search, request) {
                    request.counter_add(MOVED, 1);
                    return Decision::Worker(member);
                }
            }
        }
        self.refuse(request)
    }
}

impl TenantQuota {
    /// The number of the tenant's cell in each member; none for a request without a tenant, or without a quota.
    fn cell_of_tenant(&self, request: &Request) -> Option<u32> {
        if let Some(place) = self.named.and_then(|named| request.look_up(named)) {
            return u32::try_from(place).ok();
        }
        if self.others == 0 {
            return None;
        }
        let tenant = request
            .hash(self.tenant, 0)
            .filter(|hashed| *hashed != hash(b"", 0))?;
        Some(self.names + (tenant % u64::from(self.others)) as u32)
    }

    /// Counts the request on this member, if there is room for the tenant.
    fn takes(&self, member: u32, busy_limit: u64, search: &mut Search, request: &Request) -> bool {
        let quota = self.quota.of(busy_limit);
        let cell = StoreCell::of_member(member, search.cell);
        let mut period = search.period;
        if search.calls < 2 {
            return false;
        }
        search.calls -= 1;
        let taken = request.fetch_update(cell, |old| {
            let count = Count::of_cell(old).taken(search.period, quota)?;
            search.calls = search.calls.checked_sub(1)?;
            period = count.period;
            Some(count.cell())
        });
        if taken.is_ok() {
            let place = member * (self.names + self.others) + search.cell;
            let (store, period, place) = (search.store, period as u16, place as u16);
            request.set_token(
                Ticket {
                    store,
                    period,
                    place,
                }
                .token(),
            );
        }
        taken.is_ok()
    }

    fn refuse(&self, request: &Request) -> Decision {
        request.counter_add(REFUSED, 1);
        request.set_label("over quota");
        if self.over == Over::Builtin {
            return Decision::Builtin;
        }
        if let Some(seconds) = self.retry_after {
            request.set_retry_after(seconds);
        }
        Decision::Reject(self.status)
    }
}

impl Observer for TenantQuota {
    fn observe(&self, host: &Host, outcome: &Outcome) {
        let ticket = Ticket::of_token(outcome.token);
        if outcome.token == 0 || host.load(store_cell()) != u64::from(ticket.store) {
            return;
        }
        let (place, cells) = (u32::from(ticket.place), self.names + self.others);
        let cell = StoreCell::of_member(place / cells, place % cells);
        let mut tries = 0;
        // Nothing is to be done for a request that counts no more.
        let _ = host.fetch_update(cell, |old| {
            tries += 1;
            let released = Count::of_cell(old).released(ticket.period);
            released.filter(|_| tries <= TRIES).map(Count::cell)
        });
    }
}

/// Where the number of this store is: with its cells it begins anew.
fn store_cell() -> StoreCell {
    StoreCell::of_balancer(0)
}

/// The store's number; whoever comes first draws it. Never 0.
fn store_number(request: &Request) -> u32 {
    let number = match request.load(store_cell()) {
        0 => {
            let new = request.random() >> 32 | 1;
            request
                .compare_exchange(store_cell(), 0, new)
                .map_or_else(|other| other, |_| new)
        }
        number => number,
    };
    number as u32
}

/// The other members that may be tried, best first by distance and load, each with its `busy_limit`.
fn others(first: Option<u32>, request: &Request) -> impl Iterator<Item = (u32, u64)> {
    let metrics = [
        Metric::ACTIVATION,
        Metric::DISTANCE,
        Metric::LOAD,
        Metric::BUSY_LIMIT,
    ];
    let candidates = request.candidates(metrics);
    let others = candidates.iter().filter(|(member, [activation, ..])| {
        Some(*member) != first && Activation(*activation) == Activation::ACTIVE
    });
    let mut others: Vec<_> = others.collect();
    others.sort_by_key(|(_, [_, distance, load, _])| (Metric::signed(*distance), *load));
    others
        .into_iter()
        .map(|(member, [.., busy_limit])| (member, busy_limit))
}

rjk_policy_sdk::export!(TenantQuota, observer);

#[cfg(test)]
mod tests;
