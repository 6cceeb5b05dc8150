//! What [`export!`](crate::export) expands to, so that the macro itself stays small.

use crate::{Member, Members, Policy};

/// Makes the policy of its members and its JSON text; the error is the administrator's.
///
/// # Errors
/// The configuration is not what the policy expects, or the policy refuses it.
pub fn configure<P: Policy>(members: Vec<Member>, config: &str) -> Result<P, String> {
    let members = Members::from(members);
    P::configure(&members, parse(config)?)
}

fn parse<T: serde::de::DeserializeOwned>(config: &str) -> Result<T, String> {
    serde_json::from_str(config).map_err(|error| {
        // Line and column count in the JSON text, which nobody wrote.
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        text.strip_suffix(&place).unwrap_or(&text).to_string()
    })
}

/// The part that only a component has.
#[cfg(target_arch = "wasm32")]
mod component {
    use crate::request::component::Backend;
    use crate::{Decision, Host, Member, Observer, Outcome, Policy, Request};
    use std::cell::OnceCell;
    use std::thread::LocalKey;

    /// Where an instance keeps its policy.
    pub type Slot<P> = LocalKey<OnceCell<P>>;

    /// `router.configure`.
    ///
    /// # Errors
    /// See [`super::configure`]; also when called twice.
    pub fn router_configure<P: Policy>(
        slot: &'static Slot<P>,
        members: Vec<Member>,
        config: &str,
    ) -> Result<(), String> {
        let policy = super::configure(members, config)?;
        slot.with(|slot| slot.set(policy))
            .map_err(|_| "configured twice".to_string())
    }

    /// `router.choose`; a host that has not called `configure` gets the built-in method.
    pub fn router_choose<P: Policy>(slot: &'static Slot<P>, sticky: Option<u32>) -> Decision {
        slot.with(|slot| match slot.get() {
            Some(policy) => policy.choose(&Request::new(Backend), sticky),
            None => Decision::Builtin,
        })
    }

    /// `observer.observe`.
    pub fn observer_observe<P: Observer>(slot: &'static Slot<P>, outcome: &Outcome) {
        slot.with(|slot| {
            if let Some(policy) = slot.get() {
                policy.observe(&Host::new(Backend), outcome);
            }
        });
    }
}

#[cfg(target_arch = "wasm32")]
pub use component::{Slot, observer_observe, router_choose, router_configure};

/// Makes a component of a [`Policy`](crate::Policy): one line, once, at the top level of the crate.
///
/// `export!(MyPolicy);` or, for a policy that is an [`Observer`](crate::Observer) too,
/// `export!(MyPolicy, observer);`. In a native build it only checks that the traits are there.
#[macro_export]
macro_rules! export {
    ($policy:ty) => {
        $crate::__export_component!($policy, {});
        const _: fn() = || {
            fn is_policy<P: $crate::Policy>() {}
            is_policy::<$policy>();
        };
    };
    ($policy:ty, observer) => {
        $crate::__export_component!($policy, {
            impl $crate::bindings::observing::exports::rjk::policy::observer::Guest for Component {
                fn observe(outcome: $crate::Outcome) {
                    $crate::glue::observer_observe(&POLICY, &outcome);
                }
            }

            $crate::bindings::observing::export!(
                Component with_types_in $crate::bindings::observing
            );
        });
        const _: fn() = || {
            fn is_observer<P: $crate::Observer>() {}
            is_observer::<$policy>();
        };
    };
}

/// The exported functions; nothing but a component has them.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_component {
    ($policy:ty, { $($more:tt)* }) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, missing_docs, reason = "exported functions have fixed names")]
        const _: () = {
            struct Component;

            ::std::thread_local! {
                static POLICY: ::std::cell::OnceCell<$policy> =
                    const { ::std::cell::OnceCell::new() };
            }

            impl $crate::bindings::policy::exports::rjk::policy::router::Guest for Component {
                fn configure(
                    members: ::std::vec::Vec<$crate::Member>,
                    config: ::std::string::String,
                ) -> ::std::result::Result<(), ::std::string::String> {
                    $crate::glue::router_configure(&POLICY, members, &config)
                }

                fn choose(sticky: ::std::option::Option<u32>) -> $crate::Decision {
                    $crate::glue::router_choose(&POLICY, sticky)
                }
            }

            $crate::bindings::policy::export!(Component with_types_in $crate::bindings::policy);

            $($more)*
        };
    };
}
