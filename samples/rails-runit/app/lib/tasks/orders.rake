namespace :orders do
  desc "Remove orders of last month and before, and their receipts"
  task cleanup: :environment do
    Order.where("created_at < ?", 1.month.ago).find_each do |order|
      Rails.root.join("public#{order.receipt}").delete if order.receipt
      order.destroy!
    end
  end
end
