//! What wit-bindgen makes of plugins/wit, as Rust types and functions.

/// World `policy`: a policy that decides.
#[allow(missing_docs, unsafe_code, clippy::all, reason = "generated")]
pub mod policy {
    wit_bindgen::generate!({
        path: "../wit",
        world: "policy",
        pub_export_macro: true,
        default_bindings_module: "rjk_policy_sdk::bindings::policy",
        additional_derives: [PartialEq],
    });
}

/// What world `observing-policy` has besides: a component of both parts is of that world. (Two
/// worlds that both export the router cannot stand in one crate, their macros would clash.)
#[allow(missing_docs, unsafe_code, clippy::all, reason = "generated")]
pub mod observing {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package rjk:policy-sdk;
            world observing {
                export rjk:policy/observer@0.1.0;
            }
        ",
        world: "rjk:policy-sdk/observing",
        pub_export_macro: true,
        default_bindings_module: "rjk_policy_sdk::bindings::observing",
        with: {
            "rjk:policy/types@0.1.0": crate::bindings::policy::rjk::policy::types,
        },
    });
}
