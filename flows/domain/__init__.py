"""The nouns and rules that all subjects share: units, people, rounds, criteria, assessments."""
