//! What became of attempts.

use crate::Ended;

/// How one attempt on a member ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Position of the member.
    pub member: u32,
    /// How it ended.
    pub ended: Ended,
    /// HTTP status of the answer; 0 when none came.
    pub status: u32,
    /// Number of the attempt within its request, from 1.
    pub attempt: u32,
    /// Whether the policy chose this member; otherwise the built-in rules did.
    pub decided: bool,
    /// What `choose` left with [`Request::set_token`](crate::Request::set_token); 0 when it left
    /// nothing.
    pub token: u64,
    /// Microseconds that the member took until the head of its response, however slow the client
    /// is; 0 when none came.
    pub head_us: u64,
    /// Microseconds from the start of the attempt to its end.
    pub total_us: u64,
    /// Bytes of the response body from the member.
    pub bytes: u64,
}

impl Outcome {
    /// A first attempt that the policy decided and that ended well, with status 200: to be changed
    /// by tests, `Outcome { token: 7, ..Outcome::ok(1) }`.
    pub fn ok(member: u32) -> Outcome {
        Outcome {
            member,
            ended: Ended::OK,
            status: 200,
            attempt: 1,
            decided: true,
            token: 0,
            head_us: 1_000,
            total_us: 1_000,
            bytes: 0,
        }
    }
}

/// An attempt of the same request that ended before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Position of the member.
    pub member: u32,
    /// How it ended.
    pub ended: Ended,
}
