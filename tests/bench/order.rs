//! Who is loaded when.

/// The order of `count` servers in a round.
///
/// A Williams design: over `count` rounds (twice as many for an odd count) each stands at each place
/// as often as each other, and directly behind each other one as often, so that what a server leaves
/// behind in caches and clocks meets all of them.
pub fn order(round: usize, count: usize) -> Vec<usize> {
    let zigzag = |place: usize| match place % 2 {
        1 => place.div_ceil(2),
        _ => count - place / 2,
    };
    let mut order: Vec<usize> = (0..count)
        .map(|place| (zigzag(place) + round) % count)
        .collect();
    if count % 2 == 1 && round / count % 2 == 1 {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn assert_balanced(count: usize) {
        let rounds = count * (1 + count % 2);
        let mut places = BTreeMap::new();
        let mut behind = BTreeMap::new();
        for round in 0..rounds {
            let order = order(round, count);
            for (place, server) in order.iter().enumerate() {
                *places.entry((place, *server)).or_insert(0) += 1;
            }
            for pair in order.windows(2) {
                *behind.entry((pair[0], pair[1])).or_insert(0) += 1;
            }
        }
        assert_eq!(places.len(), count * count, "{count}");
        assert!(places.values().all(|&times| times == rounds / count));
        assert_eq!(behind.len(), count * (count - 1), "{count}");
        let times: Vec<_> = behind.values().collect();
        assert!(times.windows(2).all(|pair| pair[0] == pair[1]), "{count}");
    }

    #[test]
    fn each_follows_each_as_often_and_stands_everywhere_as_often() {
        (2..=12).for_each(assert_balanced);
    }

    #[test]
    fn one_server_and_none_have_an_order() {
        assert_eq!(order(3, 1), [0]);
        assert!(order(0, 0).is_empty());
    }
}
