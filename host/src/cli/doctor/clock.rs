//! Is this machine's clock right? Tokens end by it, and the age of approvals is counted by it.

use super::Check;
use super::reach::Reach;

/// Beyond this, in seconds, something is wrong with a clock. Well above what an answer may take, and below the shortest
/// life of anything that ends by time.
const TOLERANCE: i64 = 120;

/// The clock, judged by the answers that have come. The nearest of their clocks counts: it takes all of them to say that
/// this machine is wrong.
pub(super) fn check(reach: &Reach) -> Option<Check> {
    let (host, ahead) = reach.ahead().into_iter().min_by_key(|(_, ahead)| ahead.abs())?;
    Some(Check::new("clock", judged(&host, ahead)))
}

fn judged(host: &str, ahead: i64) -> Result<String, String> {
    let seconds = ahead.abs();
    if seconds <= TOLERANCE {
        return Ok(format!("agrees with {host} to within {} s", seconds.max(1)));
    }
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    Err(format!("this machine is {seconds} s {side} {host}; set its time, best by NTP"))
}

#[cfg(test)]
mod tests {
    use super::{TOLERANCE, judged};

    #[test]
    fn a_clock_is_wrong_beyond_the_tolerance_on_either_side() {
        assert_eq!(judged("h", 0).unwrap(), "agrees with h to within 1 s");
        assert!(judged("h", -TOLERANCE).is_ok());
        let behind = judged("h", -TOLERANCE - 1).unwrap_err();
        assert_eq!(behind, "this machine is 121 s behind h; set its time, best by NTP");
        assert!(judged("h", 3600).unwrap_err().contains("3600 s ahead of h"));
    }
}
