"""The ways out: one provider a file, each turning a provider's answer into an :data:`~app.domain.outcome.Outcome`."""
