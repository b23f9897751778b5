class Order < ApplicationRecord
  def tell_the_shop
    update!(told_at: Time.now)
  end
end
