use crate::machine::Machine;
use crate::plan::{Plan, Variant};
use crate::results::{At, Figures, Results, Together};
use std::collections::BTreeMap;

/// A run of the base point, of prefork, of 1,000 members and of 256 clients, with figures that are easy to
/// reckon with.
pub fn example() -> Results {
    let names = ["base", "members-1000", "clients-256", "prefork"].map(str::to_owned);
    let plan = Plan::new(true, &names).unwrap();
    let points = plan
        .points
        .iter()
        .map(|point| At {
            point,
            paced_rate: point.paced.then_some(7_000.0),
            variants: point.variants.iter().map(|&v| (v, figures(v))).collect(),
        })
        .collect();
    Results {
        machine: Machine {
            date: "2026-01-02 03:04 UTC".into(),
            cpu: "A <CPU>".into(),
            cpus: 2,
            memory_gib: 24,
            system: "Debian, Linux 6".into(),
            versions: vec![("httpd", "Apache/2.4.71".into())],
        },
        command: "make bench QUICK=1".into(),
        plan,
        points,
        failed: vec!["close: no answer".into()],
    }
}

fn figures(variant: Variant) -> Figures {
    let cpu = match variant {
        Variant::Floor => 20.0,
        Variant::Limit => 30.0,
        Variant::ModJk => 60.0,
        Variant::ProxyAjp => 50.0,
        Variant::ProxyHttp => 70.0,
        _ => 40.0,
    };
    let calls: BTreeMap<String, f64> = match variant {
        Variant::Floor => [("read".to_owned(), 1.0)].into(),
        _ => [("read".to_owned(), 2.0), ("writev".to_owned(), 2.0)].into(),
    };
    Figures {
        rate: [1e6 / cpu, 1e6 / cpu].to_vec(),
        cpu_us: vec![cpu, cpu],
        few_cpu_us: vec![cpu * 0.8, cpu * 0.8],
        busy: vec![0.98, 0.99],
        resident_mib: vec![10.0],
        p50_us: vec![cpu],
        p99_us: vec![cpu * 2.0],
        p999_us: vec![cpu * 4.0],
        together: Some(match variant {
            Variant::ProxyAjp => Together {
                p99_us: cpu,
                p999_us: cpu * 2.0,
            },
            _ => Together {
                p99_us: cpu * 2.0,
                p999_us: cpu * 4.0,
            },
        }),
        late_us: vec![5.0],
        system_calls: Some(calls),
        instructions: match variant {
            Variant::Floor => Some(20_000.0),
            Variant::Rjk => Some(30_000.0),
            _ => None,
        },
        allocations: (variant == Variant::Rjk).then_some(3.0),
        ..Figures::default()
    }
}

#[test]
fn the_report_as_json_has_every_figure() {
    let text = serde_json::to_string(&example()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["command"], "make bench QUICK=1");
    let base = &json["points"][0];
    assert_eq!(base["point"]["name"], "base");
    assert_eq!(base["variants"]["mod-jk"]["cpu_us"][0], 60.0);
    assert_eq!(base["variants"]["rjk"]["system_calls"]["writev"], 2.0);
}
