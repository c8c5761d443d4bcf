"""The world all tests stand in: one deployment of Lifeboat made of parts, and the facts they take for granted."""

from tests.deployment.deployment import Deployment

__all__ = ["Deployment"]
