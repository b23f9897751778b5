Delayed::Worker.sleep_delay = 1
