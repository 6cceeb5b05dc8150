//! Safe handles on APR's pools, tables and strings.

use crate::ffi::sys;
use crate::ffi::texts::Text;
use std::alloc::{Layout, handle_alloc_error};
use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// Bytes of a C string, without its end; `None` for a null pointer.
///
/// # Safety
/// `text` is null or a C string that lives for `'a`.
pub(crate) unsafe fn bytes<'a>(text: *const c_char) -> Option<&'a [u8]> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller vouches for the string.
    Some(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// A pool that is alive for `'p`.
#[derive(Clone, Copy)]
pub(crate) struct Pool<'p> {
    raw: NonNull<sys::apr_pool_t>,
    life: PhantomData<&'p sys::apr_pool_t>,
}

impl<'p> Pool<'p> {
    /// # Safety
    /// `raw` is a pool that lives for `'p`.
    pub(crate) unsafe fn from_raw(raw: *mut sys::apr_pool_t) -> Option<Pool<'p>> {
        NonNull::new(raw).map(|raw| Pool {
            raw,
            life: PhantomData,
        })
    }

    pub(crate) fn as_ptr(self) -> *mut sys::apr_pool_t {
        self.raw.as_ptr()
    }

    /// A C string in the pool. Bytes after a NUL are not seen by httpd.
    pub(crate) fn string(self, bytes: &[u8]) -> *mut c_char {
        // SAFETY: the pool is alive, the slice is readable for its length.
        unsafe { sys::apr_pstrmemdup(self.as_ptr(), bytes.as_ptr().cast(), bytes.len() as _) }
    }

    /// A copy of the bytes.
    pub(crate) fn bytes(self, bytes: &[u8]) -> &'p [u8] {
        self.slice(bytes.len(), bytes.iter().copied())
    }

    /// The bytes, copied if nobody else has them.
    pub(crate) fn borrowed(self, bytes: Cow<'p, [u8]>) -> &'p [u8] {
        match bytes {
            Cow::Borrowed(bytes) => bytes,
            Cow::Owned(bytes) => self.bytes(&bytes),
        }
    }

    /// The parts, one behind the other, and a zero behind them.
    pub(crate) fn joined(self, parts: &[&[u8]]) -> &'p mut [u8] {
        let length = parts.iter().map(|part| part.len()).sum::<usize>() + 1;
        // SAFETY: the pool is alive, and gives memory that nobody else has, of which each byte is written.
        unsafe {
            let start = sys::apr_palloc(self.as_ptr(), length as _).cast::<u8>();
            if start.is_null() {
                handle_alloc_error(Layout::for_value(parts));
            }
            let mut end = start;
            for part in parts {
                end.copy_from_nonoverlapping(part.as_ptr(), part.len());
                end = end.add(part.len());
            }
            end.write(0);
            std::slice::from_raw_parts_mut(start, length)
        }
    }

    /// So many bytes, all zero; none when memory is out, which httpd's pools do not survive.
    pub(crate) fn room(self, bytes: usize) -> &'p mut [u8] {
        // SAFETY: the pool is alive, and gives memory that nobody else has.
        unsafe {
            let start = sys::apr_palloc(self.as_ptr(), bytes as _).cast::<u8>();
            if start.is_null() {
                return &mut [];
            }
            start.write_bytes(0, bytes);
            std::slice::from_raw_parts_mut(start, bytes)
        }
    }

    /// The bytes as text; what is no UTF-8 becomes U+FFFD.
    pub(crate) fn text(self, bytes: &'p [u8]) -> &'p str {
        match String::from_utf8_lossy(bytes) {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => self.own(text).as_str(),
        }
    }

    /// Moves a value into the pool's life, where [`Pool::kept`] finds it.
    pub(crate) fn keep<T: Kept>(self, value: T) -> &'p T {
        let value: &'p mut T = self.own(value);
        let raw = std::ptr::from_mut(value).cast();
        // SAFETY: pool and key are alive, APR copies the key; `own` ends the value with the pool,
        // which forgets what it kept at the same time.
        unsafe { sys::apr_pool_userdata_set(raw, T::key().as_ptr(), None, self.as_ptr()) };
        value
    }

    /// What [`Pool::keep`] got last.
    pub(crate) fn kept<T: Kept>(self) -> Option<&'p T> {
        let mut raw = std::ptr::null_mut();
        // SAFETY: pool and key are alive; under the key lies nothing but a `T` of this pool.
        unsafe {
            sys::apr_pool_userdata_get(&raw mut raw, T::key().as_ptr(), self.as_ptr());
            raw.cast::<T>().as_ref()
        }
    }

    /// Moves a value into the pool: it is dropped when the pool is cleared.
    pub(crate) fn own<T>(self, value: T) -> &'p mut T {
        let value = self.moved(value);
        // SAFETY: the pool is alive; the clean-up gets the value once, before its memory goes.
        unsafe {
            sys::apr_pool_cleanup_register(
                self.as_ptr(),
                std::ptr::from_mut(value).cast(),
                Some(drop_in_pool::<T>),
                Some(keep),
            );
        }
        value
    }

    /// Moves a value into the pool that needs no drop: nothing is to be done when the pool is cleared.
    pub(crate) fn place<T>(self, value: T) -> &'p mut T {
        const { assert!(!std::mem::needs_drop::<T>()) };
        self.moved(value)
    }

    fn moved<T>(self, value: T) -> &'p mut T {
        const { assert!(align_of::<T>() <= ALIGNMENT) };
        // SAFETY: the pool is alive, and gives memory that nobody else has, aligned for the value.
        unsafe {
            let raw = sys::apr_palloc(self.as_ptr(), size_of::<T>() as _).cast::<T>();
            if raw.is_null() {
                handle_alloc_error(Layout::new::<T>());
            }
            raw.write(value);
            &mut *raw
        }
    }

    /// Copies of the items in the pool, of so many at most.
    pub(crate) fn slice<T: Copy>(self, most: usize, items: impl Iterator<Item = T>) -> &'p [T] {
        const { assert!(align_of::<T>() <= ALIGNMENT) };
        let bytes = size_of::<T>().saturating_mul(most);
        // SAFETY: as `own`; what nobody wrote is not part of the slice, and there is nothing to drop.
        unsafe {
            let start = sys::apr_palloc(self.as_ptr(), bytes as _).cast::<T>();
            if start.is_null() {
                return &[];
            }
            let mut count = 0;
            for item in items.take(most) {
                start.add(count).write(item);
                count += 1;
            }
            std::slice::from_raw_parts(start, count)
        }
    }
}

/// What APR aligns memory to.
const ALIGNMENT: usize = 8;

/// A value that a pool keeps under a name.
///
/// # Safety
/// Nothing else is kept under `key` in the pools that the type is kept in.
pub(crate) unsafe trait Kept: 'static {
    /// The name.
    fn key() -> Cow<'static, CStr>;
}

unsafe extern "C" fn drop_in_pool<T>(data: *mut c_void) -> sys::apr_status_t {
    crate::ffi::guard::catch("a pool clean-up", 0, || {
        // SAFETY: registered by `Pool::own` with the value, run once.
        unsafe { data.cast::<T>().drop_in_place() };
        0
    })
}

unsafe extern "C" fn keep(_data: *mut c_void) -> sys::apr_status_t {
    0
}

/// The program that httpd starts for a command line: quotes and backslashes keep a word together.
pub(crate) fn program_of(pool: Pool<'_>, line: &str) -> String {
    let line = pool.string(line.as_bytes());
    let mut words: *mut *mut c_char = std::ptr::null_mut();
    // SAFETY: pool and line are alive; the words live in the pool, and a null ends them.
    let first = unsafe {
        let status = sys::apr_tokenize_to_argv(line, &mut words, pool.as_ptr());
        let words = (status == 0).then_some(words);
        words
            .and_then(|words| words.as_ref())
            .and_then(|first| bytes(*first))
    };
    String::from_utf8_lossy(first.unwrap_or_default()).into_owned()
}

/// httpd's idea of a path relative to ServerRoot.
pub(crate) fn server_root_relative(pool: Pool<'_>, path: &str) -> String {
    let path_in_pool = pool.string(path.as_bytes());
    // SAFETY: pool and string are alive; null means that the path is not usable.
    let resolved = unsafe { bytes(sys::ap_server_root_relative(pool.as_ptr(), path_in_pool)) };
    resolved.map_or_else(
        || path.to_owned(),
        |path| String::from_utf8_lossy(path).into_owned(),
    )
}

/// Names that a table gets all at once, made ready beforehand: each would be hashed, and the table grow.
pub(crate) struct Names {
    table: NonNull<sys::apr_table_t>,
}

// SAFETY: nobody changes the table once it is made.
unsafe impl Send for Names {}
// SAFETY: see above.
unsafe impl Sync for Names {}

impl Names {
    /// `None` only when memory is out.
    ///
    /// # Safety
    /// The pool lives as long as the names are used.
    pub(crate) unsafe fn new(pool: Pool<'_>, names: &[&'static CStr]) -> Option<Names> {
        // With room for the few that a copy has besides: it need not grow.
        let count = c_int::try_from(names.len() + 4).ok()?;
        // SAFETY: the pool is alive.
        let raw = unsafe { sys::apr_table_make(pool.as_ptr(), count) };
        let table = NonNull::new(raw)?;
        for name in names {
            // SAFETY: the table is alive, both texts are static.
            unsafe { sys::apr_table_addn(raw, name.as_ptr(), c"".as_ptr()) };
        }
        Some(Names { table })
    }
}

/// A table that is alive for `'t`.
#[derive(Clone, Copy)]
pub(crate) struct Table<'t> {
    raw: NonNull<sys::apr_table_t>,
    life: PhantomData<&'t sys::apr_table_t>,
}

impl<'t> Table<'t> {
    /// # Safety
    /// `raw` is a table whose pool lives for `'t`.
    pub(crate) unsafe fn from_raw(raw: *mut sys::apr_table_t) -> Option<Table<'t>> {
        NonNull::new(raw).map(|raw| Table {
            raw,
            life: PhantomData,
        })
    }

    /// A table of the names with these values and of all that is here; none of the names may be here. `None`
    /// when that cannot be had at once.
    ///
    /// A copy of the names has them hashed already; what is here, which is little, is added to it.
    pub(crate) fn with(
        self,
        names: &Names,
        pool: Pool<'t>,
        values: [&[Text<'t>]; 3],
    ) -> Option<Table<'t>> {
        // SAFETY: tables and pool are alive; names and values live as long as the new table.
        unsafe {
            let raw = sys::apr_table_copy(pool.as_ptr(), names.table.as_ptr());
            let array = sys::apr_table_elts(raw).as_ref()?;
            let entries = array.elts.cast::<sys::apr_table_entry_t>();
            let count = values.iter().map(|part| part.len()).sum();
            if usize::try_from(array.nelts) != Ok(count) {
                return None;
            }
            let mut entry = entries;
            for part in values {
                for value in part {
                    (*entry).val = value.as_ptr();
                    entry = entry.add(1);
                }
            }
            for entry in self.entries() {
                sys::apr_table_addn(raw, entry.key, entry.val);
            }
            Table::from_raw(raw)
        }
    }

    pub(crate) fn as_ptr(self) -> *mut sys::apr_table_t {
        self.raw.as_ptr()
    }

    /// How many entries there are.
    pub(crate) fn len(self) -> usize {
        self.entries().len()
    }

    /// The first value of `name`, compared without case.
    pub(crate) fn get(self, name: &CStr) -> Option<&'t [u8]> {
        // SAFETY: table and name are alive; values live as long as the table's pool.
        unsafe { bytes(sys::apr_table_get(self.raw.as_ptr(), name.as_ptr())) }
    }

    /// As [`Table::get`], for a name of ours that mostly comes first: the rest is not looked through then.
    pub(crate) fn get_ours(self, name: &'static CStr) -> Option<&'t [u8]> {
        match self.entries().first() {
            // SAFETY: values are C strings in the table's pool.
            Some(first) if first.key == name.as_ptr().cast_mut() => unsafe { bytes(first.val) },
            _ => self.get(name),
        }
    }

    /// Sets what there is one of.
    pub(crate) fn set(self, name: &'static CStr, value: Text<'t>) {
        // SAFETY: the name is static, the value lives as long as the table.
        unsafe { sys::apr_table_setn(self.raw.as_ptr(), name.as_ptr(), value.as_ptr()) }
    }

    /// As [`Table::set`], and without a search where all there is was set with one of the texts `before`.
    pub(crate) fn set_behind(self, before: &[&'static CStr], name: &'static CStr, value: Text<'t>) {
        if self.names_but(before).next().is_none() {
            self.add(name, value);
        } else {
            self.set(name, value);
        }
    }

    /// Adds one without a look whether there is another of that name.
    pub(crate) fn add(self, name: &'static CStr, value: Text<'t>) {
        // SAFETY: as `set`.
        unsafe { sys::apr_table_addn(self.raw.as_ptr(), name.as_ptr(), value.as_ptr()) }
    }

    /// Sets a header whose name came from the worker.
    pub(crate) fn set_bytes(self, pool: Pool<'_>, name: &[u8], value: &[u8]) {
        let (name, value) = (pool.string(name), pool.string(value));
        // SAFETY: both strings live in a pool that the caller keeps as long as the table.
        unsafe { sys::apr_table_setn(self.raw.as_ptr(), name, value) }
    }

    /// Adds a header, keeping others of that name.
    pub(crate) fn add_bytes(self, pool: Pool<'_>, name: &[u8], value: &[u8]) {
        let (name, value) = (pool.string(name), pool.string(value));
        // SAFETY: both strings live in a pool that the caller keeps as long as the table.
        unsafe { sys::apr_table_addn(self.raw.as_ptr(), name, value) }
    }

    /// The names of all entries, but for those that were set with one of the texts given here.
    pub(crate) fn names_but(self, known: &[&'static CStr]) -> impl Iterator<Item = &'t [u8]> {
        let is_known = |key: *const c_char| known.iter().any(|known| known.as_ptr() == key);
        let entries = self.entries().iter();
        let others = entries.filter(move |entry| !is_known(entry.key));
        others.filter_map(|entry| {
            // SAFETY: keys are C strings in the table's pool.
            unsafe { bytes(entry.key) }
        })
    }

    /// Whether a name begins so, in whatever case; `start` has no NUL.
    pub(crate) fn has_name_with(self, start: &str) -> bool {
        self.entries().iter().any(|entry| {
            let mut bytes = start.bytes().enumerate();
            // SAFETY: keys are C strings; none is read behind its end, which is unlike any byte of `start`.
            bytes
                .all(|(at, byte)| unsafe { (*entry.key.add(at) as u8).eq_ignore_ascii_case(&byte) })
        })
    }

    /// All entries in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'t [u8], &'t [u8])> {
        self.entries().iter().filter_map(|entry| {
            // SAFETY: keys and values are C strings in the table's pool.
            unsafe { Some((bytes(entry.key)?, bytes(entry.val).unwrap_or(b""))) }
        })
    }

    fn entries(self) -> &'t [sys::apr_table_entry_t] {
        // SAFETY: the table is alive; its array holds `nelts` entries of apr_table_entry_t.
        unsafe {
            let array = &*sys::apr_table_elts(self.raw.as_ptr());
            if array.elts.is_null() || array.nelts <= 0 {
                &[]
            } else {
                std::slice::from_raw_parts(array.elts.cast(), array.nelts as usize)
            }
        }
    }
}
