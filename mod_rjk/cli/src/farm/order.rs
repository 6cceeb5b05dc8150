//! Which members of which balancer, on which web hosts.

use super::address::{Address, AddressError, distinct, is_url};

/// The words of a verb that changes something: URLs, a balancer, members of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Order {
    /// The status workers.
    pub addresses: Vec<Address>,
    /// The balancer.
    pub balancer: String,
    /// The members, each once.
    pub members: Vec<String>,
}

impl Order {
    /// Sorts the words: what begins with http:// or https:// is a URL.
    ///
    /// # Errors
    /// Something is missing, or stands twice.
    pub fn of(words: &[String]) -> Result<Order, OrderError> {
        let (urls, names): (Vec<&String>, Vec<&String>) =
            words.iter().partition(|word| is_url(word));
        let addresses = urls
            .into_iter()
            .map(|url| url.parse())
            .collect::<Result<Vec<Address>, _>>()?;
        if addresses.is_empty() {
            return Err(OrderError::NoUrl);
        }
        distinct(&addresses)?;
        let mut names = names.into_iter();
        let balancer = names.next().ok_or(OrderError::NoBalancer)?.clone();
        let mut members: Vec<String> = Vec::new();
        for name in names {
            if members.contains(name) {
                return Err(OrderError::Twice(name.clone()));
            }
            members.push(name.clone());
        }
        match members.is_empty() {
            true => Err(OrderError::NoMember(balancer)),
            false => Ok(Order {
                addresses,
                balancer,
                members,
            }),
        }
    }
}

/// What is wrong with the words.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// One of them is no good URL.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// There is none.
    #[error(
        "no web host is named; begin with the URL of its status worker, such as http://www1/jkstatus"
    )]
    NoUrl,
    /// There is none.
    #[error("no balancer is named; write it behind the URLs, then members of it")]
    NoBalancer,
    /// There is none.
    #[error("no member of {0} is named; write them behind the balancer")]
    NoMember(String),
    /// It stands there twice.
    #[error("the member {0} is named twice")]
    Twice(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Order, String> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        Order::of(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn urls_a_balancer_and_members() {
        let order = read("http://w1/s https://w2/s lb m1 m2").unwrap();
        assert_eq!(order.addresses.len(), 2);
        assert_eq!(
            (order.balancer.as_str(), order.members),
            ("lb", vec!["m1".to_owned(), "m2".to_owned()])
        );
        for (words, text) in [
            ("lb m1", "no web host"),
            ("http://w1/s", "no balancer"),
            ("http://w1/s lb", "no member of lb"),
            ("http://w1/s http://w1/s lb m1", "named twice"),
            ("http://w1/s lb m1 m1", "m1 is named twice"),
        ] {
            let error = read(words).unwrap_err();
            assert!(error.contains(text), "{words}: {error}");
        }
    }
}
