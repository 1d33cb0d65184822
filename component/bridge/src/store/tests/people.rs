//! People are believed for a while, and however many there are, the value stays small.

use std::time::Duration;

use approval_logic::approval::Person;
use approval_logic::zendesk::User;

use crate::host::Host;
use crate::store::Store;
use crate::store::people::People;
use crate::testing::MemoryHost;

fn user(id: &str) -> User {
    let email = Some(format!("user{id}@corp.example"));
    User {
        id: id.to_owned(),
        person: Person { name: Some(format!("User {id}")), email },
        active: true,
        suspended: false,
    }
}

#[tokio::test]
async fn addresses_are_believed_for_hours_and_members_for_minutes() {
    let host = MemoryHost::new();
    let store = Store::new(host.clone());
    let mut people = People::load(&store).await;
    people.learn_user(user("901"), host.now());
    people.learn_members("77", vec!["901".to_owned()], host.now());
    people.save(&store).await.unwrap();
    assert_eq!(People::load(&store).await, people);
    host.advance(Duration::from_secs(6 * 60));
    let later = People::load(&store).await;
    assert_eq!((later.user("901"), later.members("77")), (Some(&user("901")), None));
    host.advance(Duration::from_secs(4 * 3_600));
    assert_eq!(People::load(&store).await, People::default());
}

#[tokio::test]
async fn what_has_no_room_is_left_out_and_what_cannot_be_read_is_nothing() {
    let host = MemoryHost::new();
    let store = Store::new(host.clone());
    let mut people = People::default();
    for id in 0..3_000 {
        people.learn_user(user(&id.to_string()), host.now());
    }
    people.learn_members("77", (0..9_000).map(|id| id.to_string()).collect(), host.now());
    people.save(&store).await.unwrap();
    let size = host.get("v1:zendesk-people").await.unwrap().unwrap().len();
    assert!((1..=128 * 1024).contains(&size), "{size}");
    assert!(People::load(&store).await.user("0").is_some());
    host.set("v1:zendesk-people", b"no map".to_vec()).await.unwrap();
    assert_eq!(People::load(&store).await, People::default());
}
