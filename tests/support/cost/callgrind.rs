//! Instructions and allocations, by callgrind.

use super::parse::{self, Dump};
use super::profile::Profile;
use super::server::Running;
use super::way::Way;
use crate::Result;
use anyhow::ensure;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Requests in the shorter and in the longer part of a run. Even, for two members take turns.
const FEW: usize = 20;
const MANY: usize = 220;
/// Where callgrind writes, below the server root.
const FOLDER: &str = "callgrind";

/// What a request costs, on the average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Instructions of the whole process in user space.
    pub instructions: f64,
    /// Those of the module's own code, without what it calls in httpd and other libraries.
    pub own: f64,
    /// Allocations by the module's own code, that of what is linked into it included: calls of malloc
    /// and its kind. What httpd's pools allocate is not in it.
    pub allocations: f64,
    /// Looks at a clock by the module's own code. What they take is in no count: valgrind hides the
    /// page in which the kernel answers them.
    pub clock_reads: f64,
}

/// Measures the requests of a way.
pub fn measure(way: &Way) -> Result<Cost> {
    let mut below = Below::start(way)?;
    let few = below.part(FEW)?;
    let many = below.part(MANY)?;
    let objects = way.kind.objects()?;
    let per_request = |count: &dyn Fn(&Dump) -> u64| {
        (count(&many) as f64 - count(&few) as f64) / (MANY - FEW) as f64
    };
    let of_objects = |count: fn(&Dump, &str) -> u64| {
        per_request(&|dump| objects.iter().map(|object| count(dump, object)).sum())
    };
    Ok(Cost {
        instructions: per_request(&|dump| dump.instructions),
        own: of_objects(Dump::own),
        allocations: of_objects(Dump::allocations),
        clock_reads: of_objects(Dump::clock_reads),
    })
}

/// Profiles the requests of a way; each table has at most so many rows.
pub fn profile(way: &Way, rows: usize) -> Result<Profile> {
    let mut below = Below::start(way)?;
    let part = below.part(MANY)?;
    Ok(Profile::new(&part, &way.kind.objects()?, MANY, rows))
}

/// A server below callgrind, which begins to count once the server is warm.
struct Below {
    running: Running,
    parts: usize,
}

impl Below {
    fn start(way: &Way) -> Result<Below> {
        let builder = way
            .server()?
            .file(&format!("{FOLDER}/README"), "what callgrind counted\n")
            .below(&[
                "valgrind",
                "--quiet",
                "--vgdb=no",
                "--tool=callgrind",
                "--instr-atstart=no",
                &format!("--callgrind-out-file=@ROOT@/{FOLDER}/%p"),
            ]);
        let running = Running::start(way, &builder)?;
        // The child may be another user.
        fs::set_permissions(running.httpd.path(FOLDER), Permissions::from_mode(0o777))?;
        let mut below = Below { running, parts: 0 };
        below.running.tell("begin")?;
        below.dump(FEW)?;
        Ok(below)
    }

    fn part(&mut self, requests: usize) -> Result<Dump> {
        let path = self.dump(requests)?;
        Ok(parse::dump(&fs::read_to_string(path)?))
    }

    /// Sends requests; the file with what was counted since the last time.
    fn dump(&mut self, requests: usize) -> Result<PathBuf> {
        self.running.load(requests)?;
        self.running.tell("dump")?;
        self.parts += 1;
        let (child, part) = (self.running.child, self.parts);
        let path = self.running.httpd.path(&format!("{FOLDER}/{child}.{part}"));
        ensure!(path.exists(), "callgrind did not write {path:?}");
        Ok(path)
    }
}
