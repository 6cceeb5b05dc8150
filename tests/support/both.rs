//! Tests for both modules, and for every MPM.

/// Makes a test for each module of functions that take a [`Subject`](crate::Subject): `name::modjk`
/// and `name::rjk`.
#[macro_export]
macro_rules! both {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn modjk() -> $crate::Result {
                super::$name($crate::Subject::ModJk)
            }

            #[test]
            fn rjk() -> $crate::Result {
                super::$name($crate::Subject::Rjk)
            }
        }
    )*};
}

/// Makes a test for each module on each MPM of functions that take a [`Subject`](crate::Subject) and
/// an [`Mpm`](crate::httpd::Mpm): `name::modjk_event`, `name::rjk_prefork` and so on.
#[macro_export]
macro_rules! both_on_each_mpm {
    ($($name:ident)*) => {$(
        mod $name {
            use $crate::httpd::Mpm;
            use $crate::{Result, Subject};

            $crate::both_on_each_mpm! { @tests $name
                modjk_event ModJk Event; modjk_worker ModJk Worker; modjk_prefork ModJk Prefork;
                rjk_event Rjk Event; rjk_worker Rjk Worker; rjk_prefork Rjk Prefork;
            }
        }
    )*};
    (@tests $run:ident $($name:ident $subject:ident $mpm:ident;)*) => {$(
        #[test]
        fn $name() -> Result {
            super::$run(Subject::$subject, Mpm::$mpm)
        }
    )*};
}

/// Makes a test of functions that take a [`Subject`](crate::Subject), for mod_rjk on another MPM than
/// usual: `worker::name` or `prefork::name`. What they do must not hang on threads of one child.
#[macro_export]
macro_rules! on_mpm {
    ($mpm:ident $module:ident: $($name:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $name() -> $crate::Result {
                    $crate::httpd::Mpm::$mpm.during(|| super::$name($crate::Subject::Rjk))
                }
            )*
        }
    };
}
