"""Programs that tests copy into containers and run there: applications, loads, clocks."""
