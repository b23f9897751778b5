require_relative "environment"

module Clockwork
  every(5.seconds, "tick") do
    Rails.root.join("public/uploads/tick.txt").write("#{Time.now.utc.iso8601} #{Order.count} orders\n")
  end
end
