require_relative "application"
$stdout.sync = true
Rails.application.initialize!
