//! A ticket's life, as one table.

use crate::tickets::model::TicketStatus::{self, *};

/// Every move there is. The same status again is no move and always fine.
///
/// - open → in_progress: somebody takes it, or staff reply
/// - in_progress → open: it is put back, unassigned
/// - open, in_progress → closed
/// - closed → open: reopened, by hand or by the customer's next message
const MOVES: &[(TicketStatus, TicketStatus)] =
    &[(Open, InProgress), (InProgress, Open), (Open, Closed), (InProgress, Closed), (Closed, Open)];

pub fn allows(from: TicketStatus, to: TicketStatus) -> bool {
    from == to || MOVES.contains(&(from, to))
}

/// Where a new message takes a ticket.
pub fn after_message(status: TicketStatus, from_customer: bool) -> TicketStatus {
    match (status, from_customer) {
        (Closed, true) => Open,
        (Open, false) => InProgress,
        (status, _) => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_ticket_has_to_be_reopened_before_it_is_worked_on() {
        assert!(!allows(Closed, InProgress));
        for from in TicketStatus::ALL {
            for to in TicketStatus::ALL {
                assert_eq!(allows(from, to), (from, to) != (Closed, InProgress), "{from:?} to {to:?}");
            }
            for from_customer in [true, false] {
                assert!(
                    allows(from, after_message(from, from_customer)),
                    "a message makes no move that is not in the table"
                );
            }
        }
    }
}
