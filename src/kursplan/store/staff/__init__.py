"""What staff read: timetables, customers and their bookings, history."""
