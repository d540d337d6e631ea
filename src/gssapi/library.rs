//! Loads the machine's GSSAPI and finds its functions, once in a process.
//!
//! The library is not linked: the binary runs where Kerberos is absent, and its build needs no Kerberos headers. It is never
//! unloaded, because it keeps thread-local data whose destructors run later.

#![allow(unsafe_code, reason = "a library's functions have the types we say they have")]

use std::error::Error as _;
use std::sync::OnceLock;

use libloading::Library as SharedObject;

use super::ffi;
use crate::error::{Code, Error, Result};

/// The functions of GSSAPI that an initiator needs.
pub struct Library {
    pub import_name: ffi::ImportName,
    pub release_name: ffi::ReleaseHandle,
    pub acquire_cred: ffi::AcquireCred,
    /// An extension of MIT: credentials from a given keytab.
    pub acquire_cred_from: Option<ffi::AcquireCredFrom>,
    /// An extension of MIT, in Heimdal since 2019: the mechanisms that SPNEGO may offer.
    pub set_neg_mechs: Option<ffi::SetNegMechs>,
    pub inquire_cred: ffi::InquireCred,
    pub release_cred: ffi::ReleaseHandle,
    pub init_sec_context: ffi::InitSecContext,
    pub delete_sec_context: ffi::DeleteSecContext,
    pub display_status: ffi::DisplayStatus,
    pub release_buffer: ffi::ReleaseBuffer,
}

/// The libraries in order of preference: MIT, then Heimdal. The framework of macOS is Heimdal too; since macOS 11 there is no file
/// of this name, and the loader finds it in its shared cache.
const NAMES: &[&str] = if cfg!(target_os = "macos") {
    &["/System/Library/Frameworks/GSS.framework/GSS"]
} else {
    &["libgssapi_krb5.so.2", "libgssapi.so.3"]
};

/// A static program of musl's has no dynamic loader.
const IS_STATIC: bool = cfg!(all(target_env = "musl", target_feature = "crt-static"));

impl Library {
    /// Returns the library, which the first call loads.
    ///
    /// Errors: [`Code::GssapiMissing`], naming the packages that hold it, or the build that can load it.
    pub fn get() -> Result<&'static Library> {
        static LOADED: OnceLock<Result<Library>> = OnceLock::new();
        LOADED
            .get_or_init(|| if IS_STATIC { Err(static_build()) } else { Self::load(NAMES) })
            .as_ref()
            .map_err(Error::clone)
    }

    fn load(names: &[&str]) -> Result<Library> {
        let mut causes = Vec::new();
        for name in names {
            // SAFETY: loading runs the initialisers of the system's own GSSAPI, which any program linked to it runs too.
            let found = unsafe { SharedObject::new(*name) }.and_then(|object| {
                let library = Self::resolve(&object)?;
                std::mem::forget(object); // never unloaded, and `library` points into it
                Ok(library)
            });
            match found {
                Ok(library) => return Ok(library),
                // The loader's own message, which names the file, is the error's source.
                Err(error) => causes.push(error.source().map_or_else(|| error.to_string(), ToString::to_string)),
            }
        }
        Err(missing(causes))
    }

    fn resolve(object: &SharedObject) -> std::result::Result<Library, libloading::Error> {
        // SAFETY: each name is asked for with the type that RFC 2744 or gssapi_ext.h gives it (see `ffi`).
        unsafe {
            Ok(Library {
                import_name: *object.get(c"gss_import_name")?,
                release_name: *object.get(c"gss_release_name")?,
                acquire_cred: *object.get(c"gss_acquire_cred")?,
                acquire_cred_from: object.get(c"gss_acquire_cred_from").ok().map(|symbol| *symbol),
                set_neg_mechs: object.get(c"gss_set_neg_mechs").ok().map(|symbol| *symbol),
                inquire_cred: *object.get(c"gss_inquire_cred")?,
                release_cred: *object.get(c"gss_release_cred")?,
                init_sec_context: *object.get(c"gss_init_sec_context")?,
                delete_sec_context: *object.get(c"gss_delete_sec_context")?,
                display_status: *object.get(c"gss_display_status")?,
                release_buffer: *object.get(c"gss_release_buffer")?,
            })
        }
    }
}

fn missing(causes: Vec<String>) -> Error {
    let hint = if cfg!(target_os = "macos") {
        "it is a part of macOS (GSS.framework): report this with the reasons above"
    } else {
        "install it: `apt install libgssapi-krb5-2` (Debian, Ubuntu), `dnf install krb5-libs` (Fedora, RHEL), \
         `zypper install krb5` (SUSE), `pacman -S krb5` (Arch) or `apk add krb5-libs` (Alpine)"
    };
    Error { causes, ..Error::new(Code::GssapiMissing, "the Kerberos library (GSSAPI) cannot be loaded") }.hint(hint)
}

fn static_build() -> Error {
    Error::new(Code::GssapiMissing, "this build of fedcred has no Kerberos: it is linked statically with musl")
        .because("a static program cannot load the Kerberos library (GSSAPI)")
        .hint(format!(
            "use the build for {}-unknown-linux-gnu, or log in by another `saml.auth`",
            std::env::consts::ARCH
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_kerberos_is_told_what_was_tried_and_what_to_install() {
        let error = Library::load(&["libno-such-gssapi.so.2", "libno-such-heimdal.so.3"]).err().unwrap();
        assert_eq!(error.code, Code::GssapiMissing);
        assert_eq!(error.causes.len(), 2);
        assert!(error.causes[1].contains("libno-such-heimdal.so.3"), "{:?}", error.causes);
        let names = if cfg!(target_os = "macos") { "GSS.framework" } else { "libgssapi-krb5-2" };
        assert!(error.hint.unwrap().contains(names));
    }

    #[test]
    fn the_static_build_says_that_kerberos_needs_the_other_one() {
        let error = static_build();
        assert_eq!(error.code, Code::GssapiMissing);
        assert!(error.what.contains("this build of fedcred has no Kerberos"), "{}", error.what);
        let hint = error.hint.unwrap();
        assert!(hint.contains("-unknown-linux-gnu") && !hint.contains("install"), "{hint}");
    }

    #[test]
    fn a_library_that_is_no_gssapi_is_not_taken_for_one() {
        let libc = if cfg!(target_os = "macos") { "/usr/lib/libSystem.dylib" } else { "libc.so.6" };
        assert_eq!(Library::load(&[libc]).err().unwrap().code, Code::GssapiMissing);
    }
}
