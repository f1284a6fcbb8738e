"""What is kept of second factors: neither keys nor codes that anybody could use."""

import re
import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from app.database import UTCDateTime, now, writing
from app.extensions import Model, db
from app.models.tokens import hashed
from app.provider.second_factor import totp

RECOVERY_CODES = 10
# Each is of 80 bits, so that its hash tells nothing: 16 of these, in groups of four.
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
GROUPS, GROUP = 4, 4
CODE_OF_APP = re.compile(r"[0-9]{6}")


def bare(code: str) -> str:
    """Return what was typed as a code without what people put between its characters."""
    return re.sub(r"[\s-]", "", code).lower()


def is_of_app(code: str) -> bool:
    """Return whether this has the form of an app's code, and not of a recovery code."""
    return CODE_OF_APP.fullmatch(bare(code)) is not None


class SecondFactor(Model):
    """That an account asks for a code after its password, and which codes are used up."""

    account_id: Mapped[int] = mapped_column(
        sa.ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    salt: Mapped[str] = mapped_column(sa.String(32))
    last_step: Mapped[int]
    since: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    @staticmethod
    def of(account_id: int) -> "SecondFactor | None":
        """Return the second factor of an account as it is now, or None while it has none."""
        found = sa.select(SecondFactor).where(SecondFactor.account_id == account_id)
        return db.session.scalar(found.execution_options(populate_existing=True))

    @staticmethod
    def is_of(account_id: sa.ColumnElement[int] | InstrumentedAttribute[int]) -> sa.Exists:
        """Return the condition that the account of this id has a second factor."""
        return sa.exists().where(SecondFactor.account_id == account_id)

    @staticmethod
    def accepts(account_id: int, code: str) -> bool:
        """Return whether `code` is right, and use it up; of several at once one alone is."""
        typed = bare(code)
        with writing() as session:
            if not CODE_OF_APP.fullmatch(typed):
                return RecoveryCode.use(session, account_id, typed)
            factor = SecondFactor.of(account_id)
            if factor is None:
                return False
            key = totp.key_of(account_id, factor.salt)
            step = totp.step_of(key, typed)
            return step is not None and _use_step(session, factor, step)

    @staticmethod
    def delete(session: Session, account_id: int) -> bool:
        """Ask for no code any more; return whether one was asked for."""
        session.execute(sa.delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
        own = sa.delete(SecondFactor).where(SecondFactor.account_id == account_id)
        return session.scalar(own.returning(SecondFactor.account_id)) is not None


def _use_step(session: Session, factor: SecondFactor, step: int) -> bool:
    """Return whether nobody has used a code of `step`, or of a later one, before.

    A code is taken once (RFC 6238, section 5.2).
    """
    unused = sa.update(SecondFactor).where(
        SecondFactor.account_id == factor.account_id,
        SecondFactor.salt == factor.salt,
        SecondFactor.last_step < step,
    )
    used = unused.values(last_step=step).returning(SecondFactor.account_id)
    return session.scalar(used) is not None


def _new_code() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


class RecoveryCode(Model):
    """A code that works once in place of the app's."""

    __table_args__ = (sa.UniqueConstraint("account_id", "code_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(sa.String(64))

    @staticmethod
    def renew(session: Session, account_id: int) -> list[str]:
        """Return new codes, to be shown this once; those before are worth nothing any more."""
        session.execute(sa.delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
        codes = [_new_code() for _ in range(RECOVERY_CODES)]
        session.add_all(
            RecoveryCode(account_id=account_id, code_hash=hashed(bare(code))) for code in codes
        )
        return codes

    @staticmethod
    def use(session: Session, account_id: int, code: str) -> bool:
        """Return whether this is a code of the account, which it is no longer then."""
        used = sa.delete(RecoveryCode).where(
            RecoveryCode.account_id == account_id, RecoveryCode.code_hash == hashed(code)
        )
        return session.scalar(used.returning(RecoveryCode.id)) is not None

    @staticmethod
    def left(account_id: int) -> int:
        """Return how many an account has that were not used yet."""
        of_account = RecoveryCode.account_id == account_id
        return db.session.scalar(sa.select(sa.func.count()).where(of_account)) or 0
