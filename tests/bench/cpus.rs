//! Which CPUs run what.

use rjk_testbed::{Result, bail};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// A CPU for httpd, and the others for what loads it and what answers it; what is started has those of
/// this thread.
pub struct Cpus {
    httpd: CpuSet,
    load: CpuSet,
}

impl Cpus {
    /// Of those that this process may use.
    pub fn of_this_machine() -> Result<Cpus> {
        let mut load = sched_getaffinity(None)?;
        let mut usable = (0..CpuSet::MAX_CPU).filter(|&cpu| load.is_set(cpu));
        let (Some(first), Some(_)) = (usable.next(), usable.next()) else {
            bail!("two CPUs are needed")
        };
        let mut httpd = CpuSet::new();
        httpd.set(first);
        load.unset(first);
        Ok(Cpus { httpd, load })
    }

    /// What this thread starts from now on is httpd.
    pub fn take_httpd(&self) -> Result {
        Ok(sched_setaffinity(None, &self.httpd)?)
    }

    /// What this thread does and starts from now on is load.
    pub fn take_the_load(&self) -> Result {
        Ok(sched_setaffinity(None, &self.load)?)
    }
}
