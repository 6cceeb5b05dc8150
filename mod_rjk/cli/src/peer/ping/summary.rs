//! What the probes come to.

use super::report::Times;
use crate::manners::duration;
use crate::peer::time::milliseconds;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Counts probes, and the times of those that were answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    sent: u32,
    answered: u32,
    connect: Spread,
    tls: Spread,
    answer: Spread,
    is_http: bool,
}

impl Summary {
    /// Of no probe yet.
    pub(super) fn new(is_http: bool) -> Summary {
        Summary {
            is_http,
            ..Summary::default()
        }
    }

    /// An answer came. A probe on a connection that was open already has no time of a connect.
    pub(super) fn answered(&mut self, times: Times) {
        self.sent += 1;
        self.answered += 1;
        let spreads = [
            (&mut self.connect, times.connect),
            (&mut self.tls, times.tls),
        ];
        for (spread, time) in spreads {
            if let Some(time) = time {
                spread.add(time);
            }
        }
        self.answer.add(times.answer);
    }

    /// None came.
    pub(super) fn lost(&mut self) {
        self.sent += 1;
    }

    /// How many got no answer.
    pub(super) fn losses(&self) -> u32 {
        self.sent - self.answered
    }

    fn loss_percent(&self) -> f64 {
        if self.sent == 0 {
            return 0.0;
        }
        let share = f64::from(self.losses()) / f64::from(self.sent);
        (share * 1000.0).round() / 10.0
    }

    /// The same as JSON.
    pub(super) fn figures(&self) -> Figures {
        Figures {
            sent: self.sent,
            answered: self.answered,
            lost: self.losses(),
            loss_percent: self.loss_percent(),
            connect_ms: self.connect.figures(),
            tls_ms: self.tls.figures(),
            cpong_ms: self.answer.figures().filter(|_| !self.is_http),
            head_ms: self.answer.figures().filter(|_| self.is_http),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, answered, loss) = (self.sent, self.answered, self.loss_percent());
        let probes = if sent == 1 { "probe" } else { "probes" };
        write!(f, "{sent} {probes}, {answered} answered, {loss}% lost")?;
        let answer = if self.is_http { "HEAD" } else { "CPONG" };
        let all = [
            ("connect", &self.connect),
            ("TLS", &self.tls),
            (answer, &self.answer),
        ];
        for (name, spread) in all {
            if let Some((min, avg, max)) = spread.all() {
                let (min, avg, max) = (duration(min), duration(avg), duration(max));
                write!(f, "\n{name:7} min {min}, avg {avg}, max {max}")?;
            }
        }
        Ok(())
    }
}

/// Least, greatest and sum of some times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Spread {
    count: u32,
    sum: Duration,
    min: Duration,
    max: Duration,
}

impl Spread {
    fn add(&mut self, time: Duration) {
        self.min = if self.count == 0 {
            time
        } else {
            self.min.min(time)
        };
        self.max = self.max.max(time);
        self.sum = self.sum.saturating_add(time);
        self.count += 1;
    }

    /// Least, mean, greatest; `None` without any.
    fn all(&self) -> Option<(Duration, Duration, Duration)> {
        Some((self.min, self.sum.checked_div(self.count)?, self.max))
    }

    fn figures(&self) -> Option<SpreadFigures> {
        let (min, avg, max) = self.all()?;
        Some(SpreadFigures {
            min: milliseconds(min),
            avg: milliseconds(avg),
            max: milliseconds(max),
        })
    }
}

/// A summary as JSON.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    sent: u32,
    answered: u32,
    lost: u32,
    loss_percent: f64,
    connect_ms: Option<SpreadFigures>,
    tls_ms: Option<SpreadFigures>,
    cpong_ms: Option<SpreadFigures>,
    head_ms: Option<SpreadFigures>,
}

#[derive(Debug, Serialize)]
struct SpreadFigures {
    min: f64,
    avg: f64,
    max: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn times(connect: Option<Duration>, tls: Option<Duration>, answer: Duration) -> Times {
        Times {
            connect,
            tls,
            answer,
            status: None,
        }
    }

    #[test]
    fn sums_up() {
        let mut summary = Summary::new(false);
        summary.answered(times(Some(ms(3)), None, ms(10)));
        summary.answered(times(None, None, ms(20)));
        summary.answered(times(Some(ms(1)), None, ms(60)));
        summary.lost();
        summary.lost();
        summary.lost();
        assert_eq!(summary.losses(), 3);
        let text = "6 probes, 3 answered, 50% lost\n\
                    connect min 1.00 ms, avg 2.00 ms, max 3.00 ms\n\
                    CPONG   min 10.0 ms, avg 30.0 ms, max 60.0 ms";
        assert_eq!(summary.to_string(), text);
        let json = serde_json::to_string(&summary.figures()).unwrap();
        assert_eq!(
            json,
            r#"{"sent":6,"answered":3,"lost":3,"loss_percent":50.0,"connect_ms":{"min":1.0,"avg":2.0,"max":3.0},"tls_ms":null,"cpong_ms":{"min":10.0,"avg":30.0,"max":60.0},"head_ms":null}"#
        );
    }

    #[test]
    fn sums_up_over_https() {
        let mut summary = Summary::new(true);
        summary.answered(times(Some(ms(1)), Some(ms(4)), ms(2)));
        summary.answered(times(Some(ms(1)), Some(ms(8)), ms(2)));
        let text = "2 probes, 2 answered, 0% lost\n\
                    connect min 1.00 ms, avg 1.00 ms, max 1.00 ms\n\
                    TLS     min 4.00 ms, avg 6.00 ms, max 8.00 ms\n\
                    HEAD    min 2.00 ms, avg 2.00 ms, max 2.00 ms";
        assert_eq!(summary.to_string(), text);
        let json = serde_json::to_value(summary.figures()).unwrap();
        assert_eq!(
            (&json["cpong_ms"], &json["tls_ms"]["avg"]),
            (&().into(), &6.0.into())
        );
    }

    #[test]
    fn nothing_answered_has_no_times() {
        let mut summary = Summary::default();
        assert_eq!(summary.to_string(), "0 probes, 0 answered, 0% lost");
        (0..3).for_each(|_| summary.lost());
        assert_eq!(summary.to_string(), "3 probes, 0 answered, 100% lost");
        summary.answered(times(None, None, ms(1)));
        summary.answered(times(None, None, ms(1)));
        summary.answered(times(None, None, ms(1)));
        summary.answered(times(None, None, ms(1)));
        assert_eq!(summary.loss_percent(), 42.9);
    }
}
