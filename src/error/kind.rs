//! The kinds of failures, one row each: exit status and name.

/// An exit status: 8 bits, on Windows 32.
pub type ExitStatus = i32;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident = $status:literal, $name:literal;)*) => {
        /// The kind of a failure. It decides the exit status and whether another try may help.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[doc = $doc])* $kind,)* }

        impl Kind {
            /// All kinds, the worst first: of several failures, the exit status of the worst is the program's.
            pub const ALL: &[Kind] = &[$(Kind::$kind,)*];

            /// Returns the exit status: that of sysexits.h if it has one.
            pub fn status(self) -> ExitStatus {
                match self { $(Kind::$kind => $status,)* }
            }

            /// Returns the kind in words.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name,)* }
            }
        }
    };
}

kinds! {
    /// A server understood the request and refused it.
    Refused = 77, "refused";
    /// A person (or a machine's own login) has to log in first.
    LoginRequired = 3, "login required";
    /// A server answered, but not with anything usable.
    Unusable = 65, "unusable response";
    /// Disk, keyring, permissions.
    Storage = 74, "storage";
    /// The configuration is wrong.
    Configuration = 78, "configuration";
    /// The command line is wrong.
    Usage = 2, "usage";
    /// A bug in fedcred.
    Internal = 70, "internal";
    /// No answer, or an answer that asks to try later. It comes last: it tells a script that another try may help, and must not
    /// hide a failure for which it will not.
    Unavailable = 75, "unavailable";
}
