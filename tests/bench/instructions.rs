//! Instructions and allocations for each request, as the testbed counts them below callgrind.

use crate::plan::{Point, Variant};
use crate::results::At;
use rjk_testbed::cost::{self, Kind, Session, Way};

/// Of each variant of a point that can be counted. Where it fails, the figures are missing, with the
/// reason.
pub fn count(at: &mut At) {
    for (variant, figures) in &mut at.variants {
        let Some(way) = way(*variant, at.point) else {
            continue;
        };
        match cost::measure(&way) {
            Ok(cost) => {
                figures.instructions = Some(cost.instructions);
                figures.allocations = (way.kind != Kind::Floor).then_some(cost.allocations);
            }
            Err(error) => figures.missing.push(format!("instructions: {error:#}")),
        }
    }
}

fn way(variant: Variant, point: &Point) -> Option<Way> {
    let kind = match variant {
        Variant::Floor => Kind::Floor,
        Variant::Rjk => Kind::Rjk,
        Variant::ModJk => Kind::ModJk,
        Variant::ProxyAjp => Kind::ProxyAjp,
        Variant::ProxyHttp => Kind::ProxyHttp,
        Variant::Http => Kind::RjkHttp,
        _ => return None,
    };
    Some(Way {
        kind,
        members: point.members,
        session: if point.sticky {
            Session::Sticky
        } else {
            Session::New
        },
    })
}
