//! Downloads and uploads.

use super::Better::{Highest, Lowest};
use super::{Bar, Bound, bar, best, name};
use crate::plan::Variant::{self, Http, Limit, ModJk, ProxyAjp, ProxyHttp, Rjk};
use crate::results::{At, Results};
use crate::stats::ratios;

/// Whom bodies over AJP are compared with: each 8 KiB are a packet of their own there, and one that is
/// asked for on the way up, so that HTTP is compared with HTTP.
const AJP_PEERS: [Variant; 2] = [ModJk, ProxyAjp];

/// Of each of these works a bar, over AJP and over HTTP.
pub fn transfers(results: &Results) -> Vec<Bar> {
    let works = [
        ("256 KiB download", "down-256k", 1.5),
        ("100 MB download", "down-100m", 1.5),
        ("256 KiB upload", "up-256k", 1.2),
        ("100 MB upload", "up-100m", 1.2),
    ];
    let ajp = works.into_iter().flat_map(|(what, point, bound)| {
        let at = results.at(point);
        let row = faster(&format!("{what} over AJP"), at, bound, Rjk, &AJP_PEERS);
        let limits = point.starts_with("up-").then(|| what_uploads_leave(at));
        std::iter::once(row).chain(limits.into_iter().flatten())
    });
    let http = works.map(|(what, point, bound)| {
        let what = format!("{what} over HTTP");
        faster(&what, results.at(point), bound, Http, &[ProxyHttp])
    });
    ajp.chain(http).collect()
}

fn faster(what: &str, at: Option<&At>, bound: f64, ours: Variant, peers: &[Variant]) -> Bar {
    let best = best(at, Highest, peers, |figures| &figures.rate);
    let measured = || ratios(&at?.of(ours)?.rate, &at?.of(best?)?.rate);
    bar(
        format!("{what}: requests per second, against {}", name(best)),
        Bound::AtLeast(bound),
        measured(),
    )
}

/// What the packets of AJP and the kernel leave of an upload: the rate has another bound, the CPU of the
/// load and of the stub.
fn what_uploads_leave(at: Option<&At>) -> Vec<Bar> {
    let fastest = best(at, Highest, &AJP_PEERS, |figures| &figures.rate);
    let cheapest = best(at, Lowest, &AJP_PEERS, |figures| &figures.cpu_us);
    let rate = || ratios(&at?.of(Limit)?.rate, &at?.of(fastest?)?.rate);
    let cpu = |ours| ratios(&at?.of(ours)?.cpu_us, &at?.of(cheapest?)?.cpu_us);
    let info = |what: String, measured| bar(what, Bound::Anything, measured);
    let against = name(cheapest);
    vec![
        info("the same of the limit".into(), rate()),
        info(
            format!("the same upload: CPU of httpd, against {against}"),
            cpu(Rjk),
        ),
        info(
            format!("the same of the limit, against {against}"),
            cpu(Limit),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn an_upload_is_shown_beside_what_the_limit_takes_for_it() {
        // As if the small GETs were uploads: mod_proxy_ajp 50, mod_rjk 40, limit 30.
        let rows = what_uploads_leave(example().at("base"));
        let ratios: Vec<f64> = rows
            .iter()
            .map(|row| row.measured.unwrap().median)
            .collect();
        for (ratio, expected) in ratios.iter().zip([5.0 / 3.0, 0.8, 0.6]) {
            assert!((ratio - expected).abs() < 1e-9, "{ratios:?}");
        }
        let against = "CPU of httpd, against mod_proxy_ajp";
        assert!(rows[1].what.ends_with(against), "{}", rows[1].what);
    }
}
