//! What [`export!`](crate::export) expands to, so that the macro itself stays small.

use crate::{Policy, Setup};

/// Makes the policy of what it is told and its JSON text; the error is the administrator's.
///
/// # Errors
/// The configuration is not what the policy expects, or the policy refuses it.
pub(crate) fn configure<P: Policy>(setup: &Setup, config: &str) -> Result<P, String> {
    P::configure(setup, parse(config)?)
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
    use crate::bindings::policy::rjk::policy::{system, types};
    use crate::component::Backend;
    use crate::{
        Balancer, Decision, Ended, Host, Member, Observer, Outcome, Policy, Request, Setup,
    };
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
        balancer: Balancer,
        members: Vec<Member>,
        config: &str,
    ) -> Result<(), String> {
        let policy = super::configure(&Setup::new(Backend, balancer, members), config)?;
        slot.with(|slot| slot.set(policy))
            .map_err(|_| "configured twice".to_string())
    }

    /// A panic ends the call with its message and place in the host's log; without this the host sees no
    /// more than that `unreachable` was executed.
    pub fn say_panics() {
        std::panic::set_hook(Box::new(|panic| {
            system::fail(&panic.to_string().replace('\n', " "));
        }));
    }

    /// `router.choose`; a host that has not called `configure` gets the built-in method.
    pub fn router_choose<P: Policy>(slot: &'static Slot<P>, sticky: Option<u32>) -> Decision {
        slot.with(|slot| match slot.get() {
            Some(policy) => policy.choose(&Request::new(Backend), sticky),
            None => Decision::Builtin,
        })
    }

    /// `observer.observe`.
    pub fn observer_observe<P: Observer>(slot: &'static Slot<P>, outcome: &types::Outcome) {
        let outcome = Outcome {
            member: outcome.member,
            ended: Ended(outcome.ended),
            status: outcome.status,
            attempt: outcome.attempt,
            decided: outcome.decided,
            token: outcome.token,
            head_us: outcome.head_us,
            total_us: outcome.total_us,
            bytes: outcome.bytes,
        };
        slot.with(|slot| {
            if let Some(policy) = slot.get() {
                policy.observe(&Host::new(Backend), &outcome);
            }
        });
    }
}

#[cfg(target_arch = "wasm32")]
pub use component::{Slot, observer_observe, router_choose, router_configure, say_panics};

/// Makes a component of a [`Policy`](crate::Policy): one line, once, at the top level of the crate.
///
/// `export!(MyPolicy);` or, for a policy that is an [`Observer`](crate::Observer) too,
/// `export!(MyPolicy, observer);`. In a native build it only checks that the traits are there. An observer
/// that nobody would ever ask does not compile:
///
/// ```compile_fail
/// use rjk_policy_sdk::{Decision, Host, NoConfig, Observer, Outcome, Policy, Request, Setup};
///
/// struct Learning;
///
/// impl Policy for Learning {
///     type Config = NoConfig;
///     fn configure(_: &Setup, _: NoConfig) -> Result<Learning, String> {
///         Ok(Learning)
///     }
///     fn choose(&self, _: &Request, _: Option<u32>) -> Decision {
///         Decision::Builtin
///     }
/// }
///
/// impl Observer for Learning {
///     fn observe(&self, _: &Host, _: &Outcome) {}
/// }
///
/// rjk_policy_sdk::export!(Learning); // lacks ", observer"
/// ```
#[macro_export]
macro_rules! export {
    ($policy:ty) => {
        $crate::__export_component!($policy, {});
        const _: fn() = || {
            fn is_policy<P: $crate::Policy>() {}
            is_policy::<$policy>();
        };
        // The constant of the type itself comes before that of the trait, where there is one.
        const _: () = {
            #[allow(dead_code)]
            struct Probe<P>(::core::marker::PhantomData<P>);
            #[allow(dead_code)]
            trait Deaf {
                const OBSERVES: bool = false;
            }
            impl<P> Deaf for Probe<P> {}
            #[allow(dead_code)]
            impl<P: $crate::Observer> Probe<P> {
                const OBSERVES: bool = true;
            }
            assert!(
                !<Probe<$policy>>::OBSERVES,
                concat!(
                    stringify!($policy),
                    " is an Observer; write rjk_policy_sdk::export!(",
                    stringify!($policy),
                    ", observer);"
                )
            );
        };
    };
    ($policy:ty, observer) => {
        $crate::__export_component!($policy, {
            impl $crate::bindings::observing::exports::rjk::policy::observer::Guest for Component {
                fn observe(outcome: $crate::bindings::policy::rjk::policy::types::Outcome) {
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
                    balancer: $crate::Balancer,
                    members: ::std::vec::Vec<$crate::Member>,
                    config: ::std::string::String,
                ) -> ::std::result::Result<(), ::std::string::String> {
                    $crate::glue::say_panics();
                    $crate::glue::router_configure(&POLICY, balancer, members, &config)
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
