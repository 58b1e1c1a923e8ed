//! The rows of the catalogue. A code, once published, keeps its name and meaning.
//!
//! Columns: variant, code, HTTP status, command_status, retry, title, then cause and fix.

use super::{Retry, Retry::AfterFix, Retry::AfterS, Retry::Never, Retry::SameLater, Row};

// Command statuses of SMPP 3.4 section 5.1.3; the last two are of SMPP 5.0 section 4.7.6.
const RINVMSGLEN: u32 = 0x01;
const RINVCMDLEN: u32 = 0x02;
const RINVCMDID: u32 = 0x03;
const RINVBNDSTS: u32 = 0x04;
const RALYBND: u32 = 0x05;
const RSYSERR: u32 = 0x08;
const RINVSRCADR: u32 = 0x0a;
const RINVDSTADR: u32 = 0x0b;
const RINVMSGID: u32 = 0x0c;
const RBINDFAIL: u32 = 0x0d;
const RINVPASWD: u32 = 0x0e;
const RCANCELFAIL: u32 = 0x11;
const RREPLACEFAIL: u32 = 0x13;
const RMSGQFUL: u32 = 0x14;
const RINVSERTYP: u32 = 0x15;
const RINVNUMDESTS: u32 = 0x33;
const RINVDLNAME: u32 = 0x34;
const RINVESMCLASS: u32 = 0x43;
const RSUBMITFAIL: u32 = 0x45;
const RTHROTTLED: u32 = 0x58;
const RINVSCHED: u32 = 0x61;
const RINVEXPIRY: u32 = 0x62;
const ROPTPARNOTALLWD: u32 = 0xc1;
const RMISSINGOPTPARAM: u32 = 0xc3;
const RINVOPTPARAMVAL: u32 = 0xc4;
const RPROHIBITED: u32 = 0x101;
const RINVDCS: u32 = 0x104;

macro_rules! catalogue {
    ($($name:ident $code:literal $http:literal $status:ident $retry:expr, $title:literal, $advice:literal;)+) => {
        /// What went wrong, as a client is told. Text and serde form: the code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = $advice] $name,)+
        }

        impl ErrorCode {
            /// The whole catalogue, in its order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            pub(super) const fn row(self) -> &'static Row {
                &ROWS[self as usize]
            }
        }

        const RETRIES: &[Retry] = &[$($retry,)+];

        static ROWS: [Row; RETRIES.len()] = [$(Row {
            code: $code,
            http_status: $http,
            command_status: $status,
            retry: $retry,
            title: $title,
            advice: $advice,
        },)+];
    };
}

catalogue! {
    InvalidRequest "invalid_request" 400 RSUBMITFAIL AfterFix, "The request is not valid",
        "A field is missing, malformed or out of range. The answer names the fields; correct them.";
    InvalidDestination "invalid_destination" 422 RINVDSTADR AfterFix, "The destination is not a number we can send to",
        "The number is not a possible international number. Give country code and number, as in +447700900123.";
    InvalidSender "invalid_sender" 422 RINVSRCADR AfterFix, "The sender is not allowed",
        "A sender is a number, a short code, or up to 11 letters and digits, and some operators take registered ones only. Use one that your account may use.";
    SenderNotRegistered "sender_not_registered" 422 RINVSRCADR AfterFix, "The sender is not registered for the account",
        "The account sends by registered senders only, and this one is not registered for the number's country, waits for approval, was refused, or has expired: the detail says which. Use another one, or have it registered.";
    MessageEmpty "message_empty" 422 RINVMSGLEN AfterFix, "The message has no text",
        "Nothing is left to send. Give a text of at least one character.";
    MessageTooLong "message_too_long" 422 RINVMSGLEN AfterFix, "The message needs too many segments",
        "The text does not fit the greatest number of segments allowed. Shorten it, or avoid the characters that force UCS-2.";
    InvalidMessageLength "invalid_message_length" 422 RINVMSGLEN AfterFix, "The length of the message is not possible",
        "UCS-2 has two octets for each unit. A message with half a unit is cut off: send all of it.";
    InvalidHeader "invalid_header" 422 RINVESMCLASS AfterFix, "The user data header is not possible",
        "It says that the message is a part that there cannot be, such as part 4 of 3, or two different parts. A handset would never join it; number the parts from 1.";
    TextNotEncodable "text_not_encodable" 422 RINVDCS AfterFix, "The text does not fit the encoding asked for",
        "A character is not in the requested alphabet, or the data_coding is not supported. Let the platform choose the encoding.";
    ContentForbidden "content_forbidden" 422 RSUBMITFAIL AfterFix, "The text has what the account's rules forbid",
        "A card number, a bank account number, or a link to a site that is not on the account's list. The answer says which and where; the text itself is not kept.";
    TemplateRequired "template_required" 422 RSUBMITFAIL AfterFix, "The account sends approved texts only",
        "The text is none that an approved template of the account could have made, or cannot be read whole. Send by template, or have a template approved that makes it.";
    TemplateUnknown "template_unknown" 422 RSUBMITFAIL AfterFix, "No approved template is called so",
        "There is no template of this name and version, or it is not approved, or was retired. List the account's templates.";
    TemplateMismatch "template_mismatch" 422 RSUBMITFAIL AfterFix, "The variables do not fit the template",
        "A variable is missing, is not of its type, or is none of the template's. The answer names it; the template tells the types.";
    RecipientOptedOut "recipient_opted_out" 422 RINVDSTADR Never, "The recipient wants no more messages",
        "The number is on the account's opt-out list, for all its senders or for this one: its person wrote a word like STOP, or somebody put it there. Take the person off your own lists. One-time codes are sent all the same.";
    OtpBlocked "otp_blocked" 403 RSUBMITFAIL AfterFix, "The code is not sent: it looks like pumping",
        "The account's guard holds something against it: the answer names the rule and what it saw. Somebody may be having codes sent that nobody enters; if these are your customers, widen the guard's settings.";
    InvalidSchedule "invalid_schedule" 422 RINVSCHED AfterFix, "The scheduled time is not possible",
        "The time is malformed, past, or too far ahead. Give a time within the limits of your account.";
    Expired "expired" 422 RINVEXPIRY AfterFix, "The message's validity has ended",
        "The validity ended before the message could be delivered. Send it again if it still matters, with a longer validity.";
    InvalidServiceType "invalid_service_type" 422 RINVSERTYP AfterFix, "The service_type is not possible",
        "A service_type has up to 5 letters and digits. Shorten it or leave it out.";
    ParameterNotAllowed "parameter_not_allowed" 422 ROPTPARNOTALLWD AfterFix, "An optional parameter is not allowed beside this",
        "The message is given twice, in short_message and in message_payload and not the same, or a parameter comes twice. Give each once.";
    ParameterMissing "parameter_missing" 422 RMISSINGOPTPARAM AfterFix, "An optional parameter is missing that the operator needs",
        "An operator of the route takes no message without it (an entity id of a registry, say). The answer names it; give its value.";
    ParameterInvalid "parameter_invalid" 422 RINVOPTPARAMVAL AfterFix, "The value of an optional parameter is not possible",
        "It is of the wrong kind, too long, or unknown to every operator of the route. The answer names it; correct it or leave it out.";
    InvalidWebhook "invalid_webhook" 422 RSUBMITFAIL AfterFix, "The webhook address is not allowed",
        "Webhooks go to public https addresses only. Give an address that is reachable from the internet.";
    Unauthenticated "unauthenticated" 401 RINVPASWD AfterFix, "The credentials are missing or wrong",
        "No key was given, or the key, system_id or password is not known. Check which environment the credentials belong to.";
    InvalidScope "invalid_scope" 400 RPROHIBITED AfterFix, "The scope cannot be given",
        "A token can do no more than the key that it is made by: ask for scopes that the key has, or leave the scope out to get them all.";
    UnsupportedGrantType "unsupported_grant_type" 400 RSUBMITFAIL AfterFix, "There are no tokens by this grant",
        "Tokens are made by client credentials: send grant_type=client_credentials with the key's id and the key.";
    KeyRevoked "key_revoked" 401 RBINDFAIL AfterFix, "The credentials are no longer valid",
        "The key was revoked or has expired. Use a newer one.";
    Forbidden "forbidden" 403 RPROHIBITED AfterFix, "The credentials do not allow this",
        "The key lacks the scope, or the address is not on the list of allowed addresses. Ask the account's owner for the right.";
    InvalidRequestSignature "invalid_request_signature" 401 RINVPASWD AfterFix, "The request's signature is missing or does not hold",
        "The API key asks for signed requests, or a signature was sent that does not hold. The answer says why: compare what is covered, the clock, the nonce and the request key.";
    SecondFactorRequired "second_factor_required" 403 RPROHIBITED AfterFix, "The session has no second factor",
        "A session is good for nothing but choosing a second factor until one was shown. Choose one, or log in with its code.";
    AccountSuspended "account_suspended" 403 RSUBMITFAIL AfterFix, "The account is suspended",
        "An operator of the platform suspended the account. Contact them.";
    NotFound "not_found" 404 RINVMSGID Never, "There is nothing here",
        "The path or id is unknown, or belongs to another account. Check the id and its prefix.";
    MethodNotAllowed "method_not_allowed" 405 RINVCMDID Never, "The path has no such method",
        "The path exists with other methods. The Allow header lists them.";
    Conflict "conflict" 409 RSUBMITFAIL AfterFix, "Something of that name exists already",
        "Names are unique. Choose another one, or change what exists.";
    InUse "in_use" 409 RSUBMITFAIL AfterFix, "Something else still needs it",
        "It cannot be removed while others refer to it or work waits for it. The detail says what, and what to do first.";
    StaleVersion "stale_version" 412 RSUBMITFAIL AfterFix, "It was changed meanwhile",
        "The ETag in If-Match is not that of today. Read it again, and decide with what it says now.";
    WrongState "wrong_state" 409 RSUBMITFAIL AfterFix, "Its state does not allow this",
        "What is to be started is disabled, what is to be drained does not run. The detail says how it is.";
    InvalidConfiguration "invalid_configuration" 422 RSUBMITFAIL AfterFix, "The configuration is not possible",
        "A value is out of bounds, a setting is unknown, or a name leads nowhere. Nothing was changed; the detail says which.";
    InvalidSheet "invalid_sheet" 422 RSUBMITFAIL AfterFix, "The price sheet cannot be taken",
        "A line or the head of the file is wrong. Nothing was changed; the answer names each line, its column and the reason.";
    CursorExpired "cursor_expired" 410 RSUBMITFAIL AfterFix, "The cursor is too old",
        "Events are kept for a time, and some behind this cursor are not kept any more. Begin without a cursor, and find what was missed in the list of messages.";
    IdempotencyInProgress "idempotency_in_progress" 409 RSYSERR AfterS(1), "A request with this key is being handled",
        "Another request with the same Idempotency-Key has not been answered yet. Repeat the request shortly for its answer.";
    IdempotencyMismatch "idempotency_mismatch" 422 RSUBMITFAIL AfterFix, "The key was used for another request",
        "An Idempotency-Key belongs to one body. Use a new key for a new request.";
    PayloadTooLarge "payload_too_large" 413 RINVMSGLEN AfterFix, "The request is too large",
        "The body is over the limit. Split it into several requests.";
    UnsupportedMediaType "unsupported_media_type" 415 RSUBMITFAIL AfterFix, "The content type is not supported",
        "Bodies are JSON. Set Content-Type to application/json.";
    SpendingLimitReached "spending_limit_reached" 402 RSUBMITFAIL AfterFix, "A spending limit of the account is reached",
        "The account may send so many messages, or for so much money, in a day or a month, and the answer says which limit it is. Wait for the next day or month (UTC), or have the limit raised.";
    InsufficientFunds "insufficient_funds" 402 RSUBMITFAIL AfterFix, "The balance does not cover the message",
        "Balance and credit limit together are less than the price of all segments. Top up the account.";
    HoldEnded "hold_ended" 409 RSUBMITFAIL Never, "The charge has ended",
        "What was set aside was captured, voided or has expired before. The detail says which.";
    HoldExpired "hold_expired" 409 RSUBMITFAIL Never, "The time of the charge is over",
        "What was set aside goes back to the wallet. Hold the amount again if it is still wanted.";
    AmountNotCovered "amount_not_covered" 422 RSUBMITFAIL AfterFix, "The amount is more than is left",
        "A capture takes no more than is set aside, a refund no more than was taken. The detail says how much is left.";
    CurrencyMismatch "currency_mismatch" 422 RSUBMITFAIL AfterFix, "The account pays in another currency",
        "An account has one currency. Leave the currency out, or give the account's.";
    LinkedChargeRefused "linked_charge_refused" 409 RSUBMITFAIL AfterFix, "Another charge of the group was refused",
        "Linked charges are carried out all or none. The detail says which was refused; send the group anew with new keys.";
    PaymentsOff "payments_off" 409 RSUBMITFAIL Never, "No payments are taken here",
        "The platform has no payment provider. Ask its operator how to pay.";
    InvalidSignature "invalid_signature" 401 RINVPASWD AfterFix, "The signature is not valid",
        "The webhook is not signed with the secret that is configured, or too long ago. Compare the secrets and the clocks.";
    FourEyes "four_eyes" 403 RPROHIBITED AfterFix, "Another administrator has to approve",
        "A transfer above the limit is approved with another admin key than the one that asked for it.";
    OtpNotVerified "otp_not_verified" 422 RSUBMITFAIL AfterFix, "The code was not accepted",
        "It is wrong, its time is over, it was tried too often or used before, or there is no such code: the answer is the same for all. Let the person type it again, or start a new one.";
    OtpEnded "otp_ended" 409 RSUBMITFAIL Never, "The code has ended",
        "It was verified, called off, tried too often, or its time is over. Start a new one.";
    OtpTooSoon "otp_too_soon" 429 RTHROTTLED SameLater, "It is too soon to send the code again",
        "The time between two sends grows with each. The code tells from when on it can be sent again.";
    OtpSendsUsedUp "otp_sends_used_up" 409 RSUBMITFAIL Never, "The code was sent as often as it may be",
        "Its profile says how often. Start a new one when this has ended.";
    NoNextChannel "no_next_channel" 409 RSUBMITFAIL Never, "There is no next way to send the code",
        "The last of the profile's steps was taken, or another request has taken the next one. Send it again by the same way.";
    ChannelNotAvailable "channel_not_available" 422 RSUBMITFAIL AfterFix, "The channel is not offered",
        "Codes go by SMS only today. Change the steps of the profile.";
    PriceAboveMaximum "price_above_maximum" 422 RSUBMITFAIL AfterFix, "The message costs more than allowed",
        "The price is above the maximum that the request set, or that the account has. Raise the maximum or leave it out.";
    NoRoute "no_route" 422 RINVDSTADR AfterFix, "No route leads to the destination",
        "No enabled route takes this destination, sender and traffic class. Ask the platform's operator for one.";
    MarginTooLow "margin_too_low" 422 RSUBMITFAIL AfterFix, "No route carries the message at the account's price",
        "No operator of the route is open to the account's price. Ask the platform's operator for another price or route.";
    NoPrice "no_price" 422 RSUBMITFAIL AfterFix, "The tariff has no price for the destination",
        "The account's tariff covers other destinations only. Ask the platform's operator to add this one.";
    RateLimited "rate_limited" 429 RTHROTTLED SameLater, "Too many requests",
        "The account's rate is used up. Wait as long as Retry-After says, and slow down.";
    QueueFull "queue_full" 503 RMSGQFUL SameLater, "The queue is full",
        "Messages come in faster than they can be kept. Nothing was accepted; wait and send again.";
    ServiceUnavailable "service_unavailable" 503 RSYSERR SameLater, "The platform cannot take requests now",
        "It is starting, stopping, or has lost its database. Nothing was accepted; wait and send again.";
    MessageBreaks "message_breaks" 422 RSUBMITFAIL Never, "The platform cannot handle this message",
        "The program broke on it more than once, through no fault of yours. Nothing was charged, and sending it again as it is will not help: tell the platform's operator, who finds it among the alerts.";
    Internal "internal" 500 RSYSERR SameLater, "Something went wrong on our side",
        "The request id of the answer finds the cause in our log. Send again with the same Idempotency-Key; contact us if it stays.";
    BindRefused "bind_refused" 403 RBINDFAIL AfterFix, "The bind is refused",
        "The system_id may not bind from this address, in this mode, or at this time. Compare the bind with the account's settings.";
    AlreadyBound "already_bound" 409 RALYBND Never, "The session is bound already",
        "A second bind came on a bound connection. Open another connection for another bind.";
    TooManyBinds "too_many_binds" 429 RBINDFAIL SameLater, "All binds of the system_id are in use",
        "Unbind one, or wait until a broken connection has timed out. Ask for more binds if you need them.";
    InvalidBindStatus "invalid_bind_status" 403 RINVBNDSTS AfterFix, "The bind does not allow this command",
        "A receiver cannot submit, and nothing but a bind can come first. Bind as transceiver.";
    UnknownCommand "unknown_command" 400 RINVCMDID Never, "The command is not supported",
        "The command_id is unknown or not offered. The session stays bound.";
    InvalidPdu "invalid_pdu" 400 RINVCMDLEN AfterFix, "The PDU cannot be read",
        "Its length or a field is not possible. Check the encoder.";
    UnknownMessage "unknown_message" 404 RINVMSGID Never, "No such message",
        "The message_id is unknown, belongs to another account, or its retention is over.";
    CannotCancel "cannot_cancel" 409 RCANCELFAIL Never, "The message can no longer be withdrawn",
        "It was handed to an operator that does not take it back, or has reached its end.";
    CannotReplace "cannot_replace" 409 RREPLACEFAIL Never, "The message cannot be replaced",
        "It was handed to an operator, has reached its end, or the new text needs more segments than were paid for. Send a new one.";
    TooManyDestinations "too_many_destinations" 422 RINVNUMDESTS AfterFix, "The number of destinations is not possible",
        "A submit_multi has from 1 to 255 destinations. Split it into several.";
    ListNotOffered "list_not_offered" 422 RINVDLNAME Never, "Distribution lists are not offered",
        "A submit_multi names its destinations one by one. Send the numbers themselves.";
    OperatorRejected "operator_rejected" 422 RSUBMITFAIL Never, "The operator refused the message",
        "Every operator of the route refused it for good, for its content, sender or number. The time line has their answers.";
    OperatorUnavailable "operator_unavailable" 503 RSYSERR SameLater, "No operator could take the message",
        "The route's operators were down or busy until the last attempt. Send again later.";
    SubmitUnknown "submit_unknown" 504 RSYSERR Never, "It is not known whether the operator took the message",
        "The operator did not answer. It may have been delivered, so it was not sent again; send anew only if twice is better than never.";
    ReceiptTimeout "receipt_timeout" 504 RSUBMITFAIL Never, "No receipt came",
        "The operator took the message and never said what became of it. It may have been delivered.";
    Undeliverable "undeliverable" 422 RSUBMITFAIL Never, "The handset could not be reached",
        "The operator gave up: number not in use, handset off for too long, or message blocked. The time line has its code.";
    Canceled "canceled" 409 RSUBMITFAIL Never, "The message was withdrawn",
        "It was canceled before it was delivered.";
}
