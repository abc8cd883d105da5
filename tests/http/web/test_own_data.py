from collections.abc import Callable
from datetime import timedelta

from fastapi.testclient import TestClient

from backend.factors.models import Factor
from backend.market.models import Payment
from backend.market.rules import Origin, PaymentWay
from backend.offers import service as offers
from backend.offers.service import NewOffer
from backend.promises import codes
from backend.rewards.rules import receipt_leaf
from backend.rides import service as rides
from backend.workflows import give_back_payment, pay_merchant, staff_a_till, take_offer
from tests.support.promises import Phone, allow, promise_for
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]


def test_a_citizen_downloads_everything_and_can_check_each_receipt(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(town.citizen("lou@test.example", points=10))
    code = town.deposit_code(count=3)
    phone.post(f"/s/{code}", data=form(phone.get(f"/s/{code}").text))
    town.decide()

    answer = phone.get("/compte/donnees.json")

    data = answer.json()
    assert "attachment" in answer.headers["Content-Disposition"]
    assert data["account"]["email"] == "lou@test.example"
    assert data["balances_units"] == {"confirmed": 1000, "pending": 600, "in_flight": 0}
    (act,) = data["acts"]
    receipt = act["receipt"]
    salt = bytes.fromhex(receipt["salt"])
    leaf = receipt_leaf(salt=salt, public=receipt["public"], private=receipt["private"])
    assert leaf.hex() == receipt["leaf"]


def test_the_file_opens_no_session_and_names_no_colleague(
    town: Town, browser_of: BrowserOf
) -> None:
    text = browser_of(town.citizen("lou@test.example")).get("/compte/donnees.json").text

    assert "form_token" not in text
    assert "decided_by" not in text


def test_cards_are_in_the_file_without_what_opens_them(town: Town, browser_of: BrowserOf) -> None:
    lou = town.citizen("lou@test.example")
    with town.database.transaction() as session:
        card, secret = town.card(session, lou)

    answer = browser_of(lou).get("/compte/donnees.json")

    assert [one["tail"] for one in answer.json()["cards"]] == [card.tail]
    assert card.ref not in answer.text
    assert secret not in answer.text


def test_shared_rides_are_in_the_file_without_the_other_person(
    town: Town, browser_of: BrowserOf
) -> None:
    lou, max_ = town.citizen("lou@test.example"), town.citizen("max@test.example")
    now = town.clock.now()
    with town.database.transaction() as session:
        ride = rides.open_ride(session, lou, at=now)
        rides.take_in(session, ride, max_, at=now)
        key = ride.key_hex

    driver, passenger = (browser_of(one).get("/compte/donnees.json") for one in (lou, max_))

    assert [one["role"] for one in driver.json()["shared_rides"]] == ["driver"]
    assert [one["word"] for one in driver.json()["shared_rides_opened"]] == [ride.word]
    assert [one["role"] for one in passenger.json()["shared_rides"]] == ["passenger"]
    assert passenger.json()["shared_rides_opened"] == []
    assert max_ not in driver.text
    assert lou not in passenger.text
    assert key not in driver.text


def test_nobody_gets_the_file_of_another(stranger: TestClient, town: Town) -> None:
    town.citizen("lou@test.example")

    assert stranger.get("/compte/donnees.json").status_code == 401


def test_payments_refunds_gifts_proofs_and_reservations_are_in_the_file(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    lou = town.citizen("lou@test.example", points=50)
    phone, now = browser_of(lou), town.clock.now()
    with town.database.transaction() as session:
        given = pay_merchant.request(
            session,
            merchant_id=town.association.id,
            units=300,
            label="",
            origin=Origin(PaymentWay.DONATION),
            at=now,
        )
        bought = pay_merchant.request(
            session,
            merchant_id=town.shop.id,
            units=500,
            label="Pain",
            origin=Origin(taken_by=town.baker.id),
            at=now,
        )
        offer = offers.create(session, _croissants(town), merchant_id=town.shop.id, at=now)
        for payment in (given, bought):
            pay_merchant.pay(session, payment_id=payment.id, account_id=lou, now=now)
        take_offer.reserve(session, offer_id=offer.id, account_id=lou, now=now)
        session.add(Factor(account_id=lou, address="0x1", kind="pin", material={"sealed": "s3al"},
                           created_at=now))  # fmt: skip
    town.settle_payments()
    with town.database.transaction() as session:
        give_back_payment.give_back(
            session,
            session.get_one(Payment, bought.id),
            key="k" * 16,
            units=200,
            reason="Trop cuit",
            asked_by=town.baker.id,
            now=now,
        )

    answer = phone.get("/compte/donnees.json")

    data = answer.json()
    assert {one["id"] for one in data["payments"]} == {given.id, bought.id}
    assert [one["id"] for one in data["donations"]] == [given.id]
    assert [(one["units"], one["reason"]) for one in data["refunds"]] == [(200, "Trop cuit")]
    assert [one["offer_id"] for one in data["reservations"]] == [offer.id]
    assert [one["kind"] for one in data["proofs_of_large_payments"]] == ["pin"]
    assert "s3al" not in answer.text
    assert town.baker.id not in answer.text


def test_an_owners_file_names_the_clerks_and_opens_no_till(
    town: Town, browser_of: BrowserOf
) -> None:
    with town.database.transaction() as session:
        clerk, _ = staff_a_till.hire(
            session,
            merchant_id=town.shop.id,
            name="Zoé",
            refund_limit_units=0,
            now=town.clock.now(),
        )

    answer = browser_of(town.baker.id).get("/compte/donnees.json")

    (shop,) = answer.json()["shops"]
    assert [one["name"] for one in shop["clerks"]] == ["Zoé"]
    assert clerk.pin_hash not in answer.text


def _croissants(town: Town) -> NewOffer:
    return NewOffer(
        title="Croissants",
        details="",
        place="",
        commune_code="13055",
        price_units=100,
        stock=3,
        per_person=1,
        starts_at=town.clock.now(),
        ends_at=town.clock.now() + timedelta(days=1),
        is_accessible=True,
        is_spend_free=True,
    )


def test_passes_and_payments_without_network_are_in_the_file(
    town: Town, browser_of: BrowserOf
) -> None:
    lou = town.citizen("lou@test.example", points=10)
    phone, citizen = Phone.fresh(), browser_of(lou)
    given = citizen.post("/sans-reseau/passe", json={"public_key": phone.public_key}).json()
    phone.pass_id = given["pass"]
    allow(town.database, town.clock, town.shop.id)
    promise = promise_for(phone, merchant_id=town.shop.id, units=300, signed_at=town.clock.now())
    code = codes.write(promise, given["certificate"])
    till = browser_of(town.baker.id)
    assert till.post(f"/caisse/sans-reseau/{town.shop.id}", json={"code": code}).status_code == 200

    answer = citizen.get("/compte/donnees.json")

    (held,) = answer.json()["passes_without_network"]
    (signed,) = answer.json()["payments_signed_without_network"]
    assert (held["id"], held["spent_units"]) == (phone.pass_id, 300)
    assert (signed["id"], signed["outcome"]) == (promise.id, "accepted")
    assert town.baker.id not in str(answer.json()["payments_signed_without_network"])
