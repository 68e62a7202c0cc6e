"""What stands on the timetable beside the series: a single slot, and a week like another one."""
