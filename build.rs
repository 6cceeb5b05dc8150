//! Finds httpd's headers through apxs, binds what the module uses of them, and builds the C shim
//! for what is a macro or takes variable arguments.

use std::env;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const SHIM: &str = "mod_rjk/httpd/c/shim.c";
const HEADERS: &str = "mod_rjk/httpd/c/httpd_headers.h";

/// What the module is made of.
const SOURCES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "build.rs", "mod_rjk"];

fn main() -> ExitCode {
    for path in SOURCES {
        println!("cargo::rerun-if-changed={path}");
    }
    for variable in ["APXS", "RJK_BUILD_ID"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    println!("cargo::rustc-env=RJK_BUILD_ID={}", build_id());
    // Statics must survive httpd's unloading and loading again within one start.
    println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nmod_rjk cannot be built here: {message}\n");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let httpd = Httpd::find()?;
    httpd.bind()?;
    httpd.compile_shim();
    Ok(())
}

/// What tells this build from others, for the log: `RJK_BUILD_ID`, or a checksum of the sources.
///
/// The state of a repository would be known for the last build only, and archives have none.
fn build_id() -> String {
    let given = env::var("RJK_BUILD_ID").unwrap_or_default();
    if !given.trim().is_empty() {
        return given.trim().to_owned();
    }
    let mut files = Vec::new();
    SOURCES
        .iter()
        .for_each(|path| collect_files(Path::new(path), &mut files));
    files.sort();
    let mut sum = Fnv(0xcbf2_9ce4_8422_2325);
    for file in files {
        sum.add(file.as_os_str().as_encoded_bytes());
        sum.add(&fs::read(&file).unwrap_or_default());
    }
    format!("sources {:016x}", sum.0)
}

fn collect_files(path: &Path, files: &mut Vec<PathBuf>) {
    match fs::read_dir(path) {
        Ok(entries) => entries
            .flatten()
            .for_each(|entry| collect_files(&entry.path(), files)),
        Err(_) => files.push(path.to_owned()),
    }
}

/// The FNV-1a checksum of 64 bits: the same on every machine and with every compiler.
struct Fnv(u64);

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        let length = (bytes.len() as u64).to_le_bytes();
        for byte in length.iter().chain(bytes) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// An installed httpd, as its apxs describes it.
struct Httpd {
    includes: Vec<PathBuf>,
    defines: Vec<String>,
}

impl Httpd {
    fn find() -> Result<Httpd, String> {
        let apxs = find_apxs().ok_or(
            "apxs was not found. Install httpd's development files (Debian, Ubuntu: apache2-dev; \
             Rocky, RHEL, Fedora: httpd-devel), or set APXS to the path of apxs",
        )?;
        let includes: Vec<PathBuf> = ["INCLUDEDIR", "APR_INCLUDEDIR", "APU_INCLUDEDIR"]
            .iter()
            .filter_map(|name| query(&apxs, name))
            .map(PathBuf::from)
            .collect();
        for header in ["httpd.h", "apr.h", "apr_buckets.h"] {
            if !includes.iter().any(|folder| folder.join(header).is_file()) {
                return Err(format!(
                    "{header} is missing where {} points to. Install httpd's development files \
                     (Debian, Ubuntu: apache2-dev; Rocky, RHEL, Fedora: httpd-devel and apr-util-devel)",
                    apxs.display()
                ));
            }
        }
        let flags = query(&apxs, "EXTRA_CPPFLAGS").unwrap_or_default();
        let defines = flags
            .split_whitespace()
            .filter_map(|flag| flag.strip_prefix("-D"))
            .map(str::to_owned)
            .collect();
        Ok(Httpd { includes, defines })
    }

    fn arguments(&self) -> impl Iterator<Item = String> {
        let includes = self
            .includes
            .iter()
            .map(|folder| format!("-I{}", folder.display()));
        includes.chain(self.defines.iter().map(|define| format!("-D{define}")))
    }

    fn bind(&self) -> Result<(), String> {
        let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
        let builder = bindgen::Builder::default()
            .header(HEADERS)
            .clang_args(self.arguments())
            .allowlist_function("(ap|apr|rjk)_.*")
            .allowlist_var("DEFAULT_REL_LOGFILEDIR|ap_server_conf|(AP|APR|APLOG|MODULE|OR|RSRC|ACCESS|HTTP|M|OK|DECLINED|DONE|REMOTE|REQUEST|NOT_IN|GLOBAL_ONLY)_?.*")
            .allowlist_type("(module|apr_table_entry_t|command_rec|request_rec|server_rec|conn_rec|cmd_parms).*")
            .blocklist_function(".*(printf|va_list|vformatter|vsnprintf|vrprintf|vbprintf|strtof).*")
            .default_enum_style(bindgen::EnumVariation::Consts)
            .layout_tests(false)
            .generate_comments(false)
            .merge_extern_blocks(true)
            .wrap_unsafe_ops(true)
            .rust_edition(bindgen::RustEdition::Edition2024);
        // bindgen panics when it finds no libclang; its backtrace would hide what to do.
        panic::set_hook(Box::new(|_| {}));
        let bindings = panic::catch_unwind(AssertUnwindSafe(|| builder.generate()));
        drop(panic::take_hook());
        let bindings = bindings.map_err(|_| {
            "libclang was not found or cannot be used. Install it (Debian, Ubuntu: libclang-dev; \
             Rocky, RHEL, Fedora: clang-devel), or set LIBCLANG_PATH to its folder"
        })?;
        bindings
            .map_err(|error| format!("httpd's headers cannot be read: {error}"))?
            .write_to_file(out.join("httpd.rs"))
            .map_err(|error| format!("the bindings cannot be written: {error}"))
    }

    fn compile_shim(&self) {
        let mut compiler = cc::Build::new();
        compiler
            .file(SHIM)
            .includes(&self.includes)
            .warnings(true)
            .extra_warnings(false);
        for define in &self.defines {
            let (name, value) = match define.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (define.as_str(), None),
            };
            compiler.define(name, value);
        }
        compiler.compile("rjk_shim");
    }
}

fn find_apxs() -> Option<PathBuf> {
    if let Some(path) = env::var_os("APXS") {
        return Some(PathBuf::from(path)).filter(|path| path.is_file());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path)
        .chain([Path::new("/usr/sbin").into(), Path::new("/usr/bin").into()])
        .collect();
    ["apxs", "apxs2"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_file())
}

fn query(apxs: &Path, name: &str) -> Option<String> {
    let output = Command::new(apxs).args(["-q", name]).output().ok()?;
    let value = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !value.is_empty()).then_some(value)
}
