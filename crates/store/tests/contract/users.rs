//! Persons, their sessions and their links.

use sambac_domain::{InvitationId, PasskeyId, SessionId, Timestamp, UserId};
use sambac_store::rows::{AccessState, InvitationRow, PasskeyRow, SessionRow, UserRow};
use sambac_store::{Sealed, Store, StoreError, UsersOf};

use crate::both::on_both_databases;
use crate::fixture::{self, ACCOUNT, NOW};

fn user(number: i64, login: &str) -> UserRow {
    UserRow {
        id: UserId::from_raw(number << 8),
        account_id: (number % 2 == 0).then_some(ACCOUNT),
        login: login.into(),
        name: "Ada".into(),
        role: "client_admin".into(),
        password_hash: None,
        totp_sealed: None,
        totp_pending_sealed: None,
        totp_step: 0,
        recovery_hashes: Vec::new(),
        passkeys: 0,
        vouched: false,
        state: AccessState::Active,
        created_at: NOW,
        logged_in_at: None,
    }
}

fn session(number: i64, user: &UserRow) -> SessionRow {
    SessionRow {
        id: SessionId::from_raw(number << 8),
        user_id: user.id,
        secret_hash: Sealed("hash".into()),
        second_factor: false,
        created_at: NOW,
        used_at: NOW,
        expires_at: Timestamp(NOW.0 + 1_000),
        address: "192.0.2.1".into(),
        agent: "curl".into(),
    }
}

fn passkey(number: i64, user: &UserRow) -> PasskeyRow {
    PasskeyRow {
        id: PasskeyId::from_raw(number << 8),
        user_id: user.id,
        name: "Phone".into(),
        credential_id: format!("credential {number}"),
        credential: "{}".into(),
        created_at: NOW,
        used_at: None,
    }
}

fn invitation(number: i64, user_id: Option<UserId>) -> InvitationRow {
    InvitationRow {
        id: InvitationId::from_raw(number << 8),
        user_id,
        secret_hash: Sealed("hash".into()),
        resets_factor: false,
        created_at: NOW,
        expires_at: Timestamp(NOW.0 + 1_000),
        used_at: None,
    }
}

async fn with_users(store: &Store) -> (UserRow, UserRow) {
    fixture::seed(store).await;
    let (ours, theirs) = (user(1, "ada@sms.example"), user(2, "ben@bank.example"));
    let mut work = store.begin().await.unwrap();
    work.insert_user(&ours).await.unwrap();
    work.insert_user(&theirs).await.unwrap();
    work.commit().await.unwrap();
    (ours, theirs)
}

on_both_databases! {
    async fn users_are_found_by_owner_and_login(store: Store) {
        let (ours, theirs) = with_users(&store).await;
        let all = async |of, before| store.users(of, before, 10).await.unwrap();
        assert_eq!(all(UsersOf::Any, None).await, [theirs.clone(), ours.clone()]);
        assert_eq!(all(UsersOf::Any, Some(theirs.id)).await, std::slice::from_ref(&ours));
        assert_eq!(all(UsersOf::Platform, None).await, std::slice::from_ref(&ours));
        assert_eq!(all(UsersOf::Account(ACCOUNT), None).await, std::slice::from_ref(&theirs));
        assert_eq!(store.user_by_login("ben@bank.example").await.unwrap(), Some(theirs.clone()));
        assert_eq!(store.user_by_login("eve@bank.example").await.unwrap(), None);
        assert_eq!(store.count_platform_users().await.unwrap(), 1);
        let mut work = store.begin().await.unwrap();
        let taken = work.insert_user(&user(4, "ben@bank.example")).await;
        assert!(matches!(taken, Err(StoreError::Conflict("users.login"))), "{taken:?}");
    }

    async fn what_changes_of_a_user_changes_nothing_else(store: Store) {
        let (ours, _) = with_users(&store).await;
        let hash = Sealed("argon".to_owned());
        let mut work = store.begin().await.unwrap();
        work.set_password(ours.id, &hash).await.unwrap();
        work.set_pending_totp(ours.id, &Sealed("totp".to_owned())).await.unwrap();
        work.confirm_totp(ours.id, 7, &vec!["one".into(), "two".into()]).await.unwrap();
        let changed = UserRow { name: "Countess".into(), role: "auditor".into(), state: AccessState::Suspended, ..ours.clone() };
        work.update_user(&changed).await.unwrap();
        work.vouch(ours.id, true).await.unwrap();
        let expected = UserRow {
            password_hash: Some(hash),
            totp_sealed: Some(Sealed("totp".to_owned())),
            totp_step: 7,
            recovery_hashes: vec!["one".into(), "two".into()],
            vouched: true,
            ..changed
        };
        assert_eq!(work.user(ours.id).await.unwrap(), Some(expected.clone()));
        work.commit().await.unwrap();
        assert!(!store.use_totp_step(ours.id, 7).await.unwrap() && store.use_totp_step(ours.id, 8).await.unwrap());
        assert!(!store.use_totp_step(ours.id, 8).await.unwrap(), "each once");
        let (before, left) = (vec!["one".to_owned(), "two".to_owned()], vec!["two".to_owned()]);
        assert!(store.use_recovery_code(ours.id, &before, &left).await.unwrap());
        assert!(!store.use_recovery_code(ours.id, &before, &left).await.unwrap(), "each once");
        let mut work = store.begin().await.unwrap();
        work.clear_totp(ours.id).await.unwrap();
        work.commit().await.unwrap();
        let cleared = UserRow { totp_sealed: None, recovery_hashes: Vec::new(), totp_step: 8, ..expected };
        assert_eq!(store.user(ours.id).await.unwrap(), Some(cleared));
    }

    async fn sessions_begin_and_end(store: Store) {
        let (ours, theirs) = with_users(&store).await;
        let (first, second) = (session(10, &ours), session(11, &ours));
        let mut work = store.begin().await.unwrap();
        for row in [&first, &second, &session(12, &theirs)] {
            work.insert_session(row).await.unwrap();
        }
        work.raise_session(second.id).await.unwrap();
        work.commit().await.unwrap();
        store.touch_session(first.id, Timestamp(NOW.0 + 5)).await.unwrap();
        let used = SessionRow { used_at: Timestamp(NOW.0 + 5), ..first.clone() };
        let raised = SessionRow { second_factor: true, ..second.clone() };
        assert_eq!(store.sessions_of(ours.id).await.unwrap(), [raised.clone(), used.clone()]);
        assert_eq!(store.session(first.id).await.unwrap(), Some(used));
        assert_eq!(store.user(ours.id).await.unwrap().unwrap().logged_in_at, Some(NOW));
        let mut work = store.begin().await.unwrap();
        assert!(!work.delete_session(theirs.id, first.id).await.unwrap(), "it is another's");
        assert_eq!(work.delete_sessions_but(ours.id, Some(second.id)).await.unwrap(), 1);
        assert!(work.delete_session(theirs.id, SessionId::from_raw(12 << 8)).await.unwrap());
        // Those that have ended are forgotten when another one begins.
        work.insert_session(&SessionRow { created_at: Timestamp(NOW.0 + 1_000), ..session(13, &theirs) }).await.unwrap();
        work.commit().await.unwrap();
        assert!(store.sessions_of(ours.id).await.unwrap().is_empty());
    }

    async fn a_users_passkeys_are_counted(store: Store) {
        let (ours, theirs) = with_users(&store).await;
        let (first, second, other) = (passkey(30, &ours), passkey(31, &ours), passkey(32, &theirs));
        let mut work = store.begin().await.unwrap();
        for row in [&first, &second, &other] {
            work.insert_passkey(row).await.unwrap();
        }
        assert_eq!(work.user(ours.id).await.unwrap().unwrap().passkeys, 2);
        assert!(work.use_passkey(&second, "used", Timestamp(NOW.0 + 5)).await.unwrap());
        assert!(!work.use_passkey(&second, "again", Timestamp(NOW.0 + 6)).await.unwrap(), "it was used meanwhile");
        work.commit().await.unwrap();
        let used = PasskeyRow { credential: "used".into(), used_at: Some(Timestamp(NOW.0 + 5)), ..second.clone() };
        assert_eq!(store.passkeys_of(ours.id).await.unwrap(), [first.clone(), used.clone()]);
        assert_eq!(store.passkey_by_credential(&second.credential_id).await.unwrap(), Some(used));
        assert_eq!(store.passkey_by_credential("none").await.unwrap(), None);
        let mut work = store.begin().await.unwrap();
        let again = PasskeyRow { credential_id: first.credential_id.clone(), ..passkey(33, &theirs) };
        let taken = work.insert_passkey(&again).await;
        assert!(matches!(taken, Err(StoreError::Conflict("user_passkeys.credential_id"))), "{taken:?}");
        drop(work);
        let mut work = store.begin().await.unwrap();
        assert!(!work.delete_passkey(theirs.id, first.id).await.unwrap(), "it is another's");
        assert!(work.delete_passkey(ours.id, first.id).await.unwrap());
        assert_eq!(work.user(ours.id).await.unwrap().unwrap().passkeys, 1);
        work.clear_passkeys(ours.id).await.unwrap();
        assert!(!work.user(ours.id).await.unwrap().unwrap().has_factor());
        assert!(work.user(theirs.id).await.unwrap().unwrap().has_factor(), "theirs stay");
        work.commit().await.unwrap();
        assert_eq!(store.passkeys_of(theirs.id).await.unwrap(), [other]);
    }

    async fn a_challenge_is_answered_once_while_it_is_good(store: Store) {
        let later = |s: i64| Timestamp(NOW.0 + s * 1_000_000);
        for (digest, now_s, ends_s, is_new) in [
            ("first", 0, 300, true),
            ("second", 1, 301, true),
            ("first", 2, 300, false),
            ("first", 299, 300, false),
            // Its time is over, and it is forgotten: nobody asks, since it opens no more.
            ("first", 300, 600, true),
            ("second", 300, 301, false),
        ] {
            let mut work = store.begin().await.unwrap();
            let answered = work.answer_challenge(digest, later(ends_s), later(now_s)).await;
            match (answered, is_new) {
                (Ok(()), true) => work.commit().await.unwrap(),
                (Err(StoreError::Conflict("passkey_answers.digest")), false) => drop(work),
                (answered, _) => panic!("{digest} at {now_s} s: {answered:?}"),
            }
        }
    }

    async fn a_link_is_used_once_and_the_last_one_counts(store: Store) {
        let (ours, _) = with_users(&store).await;
        let mut work = store.begin().await.unwrap();
        for row in [invitation(20, Some(ours.id)), invitation(21, Some(ours.id)), invitation(22, None), invitation(23, None)] {
            work.insert_invitation(&row).await.unwrap();
        }
        let last = invitation(21, Some(ours.id));
        assert!(work.use_invitation(last.id, NOW).await.unwrap() && !work.use_invitation(last.id, NOW).await.unwrap());
        work.commit().await.unwrap();
        let found = async |number: i64| store.invitation(InvitationId::from_raw(number << 8)).await.unwrap();
        assert_eq!((found(20).await, found(22).await), (None, None), "there is a newer one");
        assert_eq!(found(21).await, Some(InvitationRow { used_at: Some(NOW), ..last }));
        assert_eq!(found(23).await, Some(invitation(23, None)));
    }
}
