//! Settlements in a database that are interrupted at every store call they make: see [`interruption`](crate::interruption).

use super::Server;
use crate::interruption::{self, Scene};

fn scene() -> Scene {
    Scene::on(Server::new())
}

#[test]
fn a_lost_request_or_answer_at_any_step_changes_nothing() {
    interruption::lose_each_call(&scene);
}

#[test]
fn a_death_at_any_step_changes_nothing() {
    interruption::die_at_each_call(&scene);
}

#[test]
fn a_hot_store_lost_at_any_step_changes_nothing() {
    interruption::lose_the_hot_store_at_each_call(&scene);
}

#[test]
fn two_settlers_in_any_order_settle_once() {
    interruption::interleave_two(&scene, 9);
}

#[test]
fn a_settler_that_wakes_up_late_is_fenced_everywhere() {
    interruption::wake_up_late(&scene());
}
