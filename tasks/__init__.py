"""Deploy files for events after the first day; each is named as its module in day_two/ and its heading in docs/day-2.md."""
