//! Accounts keep the same promises wherever they are kept.

use std::sync::Arc;

use flashbid_core::id::BidderId;
use flashbid_core::time::Timestamp;
use flashbid_postgres::PostgresLedger;
use flashbid_server::accounts::{
    Account, Accounts, PasswordHash, PostgresAccounts, SqliteAccounts,
};
use flashbid_sqlite::SqliteLedger;
use flashbid_testbed::{PgBouncer, PoolMode, Postgres};
use futures_util::future::join_all;
use uuid::Uuid;

fn account(number: u128, email: &str) -> Account {
    Account {
        id: BidderId::new(Uuid::from_u128(number)),
        email: email.parse().unwrap(),
        username: format!("name of {number}'); DROP TABLE users; --")
            .parse()
            .unwrap(),
        password: PasswordHash::from_stored("$argon2id$made-up"),
        weight: "1.23".parse().unwrap(),
        is_admin: number.is_multiple_of(2),
        created_at: Timestamp::from_millis(1_767_225_600_123),
    }
}

async fn an_account_reads_back_as_it_was_made(accounts: &dyn Accounts) {
    let [ada, eve] = [account(1, "ada@a.test"), account(2, "eve@a.test")];
    let held = accounts.add(&[ada.clone(), eve.clone()]).await.unwrap();
    assert_eq!(held, [ada.id, eve.id]);
    assert_eq!(accounts.by_id(ada.id).await.unwrap().as_ref(), Some(&ada));
    let found = accounts.by_email(&eve.email).await.unwrap();
    assert_eq!(found, Some(eve));
    let nobody = account(3, "nobody@a.test");
    assert_eq!(accounts.by_id(nobody.id).await.unwrap(), None);
    assert_eq!(accounts.by_email(&nobody.email).await.unwrap(), None);
    assert_eq!(accounts.add(&[]).await.unwrap(), []);
}

async fn an_email_has_one_account(accounts: &dyn Accounts) {
    let first = account(11, "b@b.test");
    let twins = [account(12, "c@b.test"), account(13, "c@b.test")];
    accounts.add(std::slice::from_ref(&first)).await.unwrap();
    let late = [account(14, "b@b.test"), twins[0].clone(), twins[1].clone()];
    let held = accounts.add(&late).await.unwrap();
    assert_eq!(held, [first.id, twins[0].id, twins[0].id]);
    let found = accounts.by_email(&first.email).await.unwrap();
    assert_eq!(found, Some(first));
    assert_eq!(accounts.by_id(twins[1].id).await.unwrap(), None);
}

async fn of_many_at_once_one_has_the_email(accounts: &dyn Accounts) {
    let wanted: Vec<_> = (0..16)
        .map(|number| {
            // In differing orders: who takes two emails must not wait for who takes them the other way round.
            let mut both = [
                account(100 + number * 2, "one@d.test"),
                account(101 + number * 2, "two@d.test"),
            ];
            if number % 2 == 1 {
                both.reverse();
            }
            both
        })
        .collect();
    let adding = wanted.iter().map(|both| accounts.add(both));
    let held: Vec<_> = join_all(adding)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    for (both, ids) in wanted.iter().zip(&held) {
        for (account, id) in both.iter().zip(ids) {
            let holder = accounts.by_email(&account.email).await.unwrap().unwrap();
            assert_eq!(*id, holder.id);
        }
    }
}

async fn a_setting_is_kept_once(accounts: &dyn Accounts) {
    assert_eq!(accounts.setting("secret").await.unwrap(), None);
    let values = (0..8).map(|number| accounts.keep_setting("secret", number.to_string()));
    let kept: Vec<_> = join_all(values)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(kept.iter().all(|value| *value == kept[0]), "{kept:?}");
    assert_eq!(
        accounts.setting("secret").await.unwrap(),
        Some(kept[0].clone())
    );
    assert_eq!(accounts.setting("other").await.unwrap(), None);
}

async fn suite(accounts: Arc<dyn Accounts>) {
    an_account_reads_back_as_it_was_made(&*accounts).await;
    an_email_has_one_account(&*accounts).await;
    of_many_at_once_one_has_the_email(&*accounts).await;
    a_setting_is_kept_once(&*accounts).await;
}

async fn on_postgres(url: String, migrate_url: Option<String>) -> Arc<dyn Accounts> {
    let mut config = flashbid_postgres::Config::new(url);
    config.migrate_url = migrate_url;
    let ledger = PostgresLedger::connect_with(config).await.unwrap();
    let accounts = PostgresAccounts::open(ledger.database().clone()).await;
    Arc::new(accounts.unwrap())
}

#[tokio::test]
async fn accounts_on_sqlite_keep_their_promises() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::open(folder.path().join("a.db")).unwrap();
    let accounts = SqliteAccounts::open(ledger.database().clone()).await;
    suite(Arc::new(accounts.unwrap())).await;
}

#[tokio::test]
async fn accounts_on_postgres_keep_their_promises() {
    suite(on_postgres(Postgres::shared().database(), None).await).await;
}

#[tokio::test]
async fn accounts_behind_pgbouncer_keep_their_promises() {
    let postgres = Postgres::shared();
    for mode in [PoolMode::Session, PoolMode::Transaction] {
        let bouncer = PgBouncer::start_with(postgres, mode, &["default_pool_size=20"]);
        let database = postgres.database();
        let url = bouncer.url(&database);
        suite(on_postgres(url, Some(database)).await).await;
    }
}
