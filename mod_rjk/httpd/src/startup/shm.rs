//! The shared memory: made by the parent, inherited by the children (contract §7, design §4).

#[cfg(feature = "policy")]
mod lasting;

#[cfg(feature = "policy")]
pub(super) use lasting::LastingMemory;

use crate::ffi::apr::Pool;
use rjk_balance::{
    AjpRecord, AjpSlot, BalancerRecord, BalancerSlot, Cell, Control, Header, Layout, MemberLoad,
    MemberRecord, MemberSlot, RowOwner, Segment, StateWord,
};
use rjk_proxy::clock::now;
use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::ptr::NonNull;

/// A mapped segment; dropping it unmaps, and in the process that made it removes the file.
struct Mapping {
    address: NonNull<u8>,
    bytes: usize,
    /// `None` for memory without a file.
    path: Option<PathBuf>,
    owner: u32,
}

/// Makes `<base>.<pid of this process>`, maps it and leaves it to `pool` to end it.
///
/// # Errors
/// The file cannot be made (the folder is missing or not writable), or memory is out.
pub(crate) fn create(base: &str, layout: &Layout, pool: Pool<'_>) -> io::Result<Segment> {
    let owner = std::process::id();
    let path = PathBuf::from(format!("{base}.{owner}"));
    // A file of this name is left over from a killed parent with our pid.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(&path)?;
    // The umask may have taken more away.
    file.set_permissions(Permissions::from_mode(0o600))?;
    let bytes = layout.offsets().total_bytes;
    let mapping = reserve(&file, bytes)
        .and_then(|()| Mapping::new(Some((&file, path.clone())), bytes))
        .inspect_err(|_| drop(std::fs::remove_file(&path)))?;
    Ok(publish(mapping, layout, pool))
}

/// The same without a file, which only children of this process can share.
///
/// # Errors
/// Memory is out.
pub(crate) fn create_unnamed(layout: &Layout, pool: Pool<'_>) -> io::Result<Segment> {
    let mapping = Mapping::new(None, layout.offsets().total_bytes)?;
    Ok(publish(mapping, layout, pool))
}

fn publish(mapping: Mapping, layout: &Layout, pool: Pool<'_>) -> Segment {
    let segment = pool.own(mapping).segment(layout);
    segment.header.publish(layout);
    segment.header.start(now());
    segment
}

impl Mapping {
    fn new(file: Option<(&File, PathBuf)>, bytes: usize) -> io::Result<Mapping> {
        let (fd, path, flags) = match file {
            Some((file, path)) => (file.as_raw_fd(), Some(path), libc::MAP_SHARED),
            None => (-1, None, libc::MAP_SHARED | libc::MAP_ANONYMOUS),
        };
        // SAFETY: a fresh mapping at an address of the system's choice, of a file of that size or
        // of none.
        let address = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                flags,
                fd,
                0,
            )
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let address = NonNull::new(address.cast())
            .ok_or_else(|| io::Error::other("the system mapped address 0"))?;
        Ok(Mapping {
            address,
            bytes,
            path,
            owner: std::process::id(),
        })
    }

    fn segment(&self, layout: &Layout) -> Segment {
        let offsets = layout.offsets();
        // SAFETY: `Layout::offsets` cuts `total_bytes` into parts that are aligned to 64, do not
        // overlap and hold the counts below; a mapping is page-aligned. All types are `repr(C)`
        // structs of atomics, for which zero bytes are a valid value and which any number of
        // processes may share. They are called 'static although the parent unmaps them with its
        // configuration pool: what holds them ends with the same pool, none of it looks at a slot
        // when it is dropped, hooks do not run while the pool is cleared, and the thread of a
        // child in the same process was stopped before. Children never unmap.
        unsafe {
            Segment {
                header: self
                    .part::<Header>(offsets.header, 1)
                    .first()
                    .unwrap_unchecked(),
                control: self
                    .part::<Control>(offsets.control, 1)
                    .first()
                    .unwrap_unchecked(),
                ajp: self.part::<AjpSlot>(offsets.ajp, layout.ajp),
                members: self.part::<MemberSlot>(offsets.members, layout.members),
                loads: self.part::<MemberLoad>(offsets.loads, layout.members),
                states: self.part::<StateWord>(offsets.states, layout.state_words()),
                balancers: self.part::<BalancerSlot>(offsets.balancers, layout.balancers),
                ajp_records: self.part::<AjpRecord>(offsets.ajp_records, layout.ajp),
                member_records: self.part::<MemberRecord>(offsets.member_records, layout.members),
                balancer_records: self
                    .part::<BalancerRecord>(offsets.balancer_records, layout.balancers),
                owners: self.part::<RowOwner>(offsets.owners, layout.rows),
                cells: self.part::<Cell>(offsets.cells, layout.cells()),
            }
        }
    }

    /// # Safety
    /// `count` values of `T` lie at `offset`, within the mapping.
    unsafe fn part<T>(&self, offset: usize, count: usize) -> &'static [T] {
        // SAFETY: as promised.
        unsafe { std::slice::from_raw_parts(self.address.as_ptr().add(offset).cast(), count) }
    }
}

/// Gives the file its size and its place on the disk: a child that touches a page which a full disk
/// has no room for would die of SIGBUS.
fn reserve(file: &File, bytes: usize) -> io::Result<()> {
    let length = libc::off_t::try_from(bytes).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open during the call.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // A child that ends runs this too: it leaves both to the parent.
        if std::process::id() == self.owner {
            // SAFETY: the range was mapped by `new` and is used by nobody any more, see `segment`.
            unsafe { libc::munmap(self.address.as_ptr().cast(), self.bytes) };
            if let Some(path) = &self.path {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}
